export { type Blueprint, blueprintLeaves, mapBlueprint, maxBlueprintDepth, parseBlueprint } from "./blueprint.js";
export { exempt, type FieldMark, fieldMark, fieldsOf, path, Secret, secret, storedNames, toSnake } from "./config.js";
export { constant, Entry, type EntryParts, entryAt, globalIdOf, type IdentityOptions, variable } from "./entry.js";
export { abortError, type ErrorCode, type ErrorDetails, errorCodes, isLailaError, LailaError, type LailaErrorJson, type LailaErrorOptions } from "./errors.js";
export {
  defaultNamespace,
  formatGlobalId,
  type GlobalId,
  type GlobalIdParts,
  isGlobalId,
  isUuid,
  namespaceFor,
  newUuid,
  parseGlobalId,
  type Scope,
  uuidOf,
} from "./global-id.js";
