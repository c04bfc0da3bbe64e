export {
  type Blueprint,
  blueprintLeaves,
  mapBlueprint,
  maxBlueprintDepth,
  parseBlueprint,
} from "./blueprint.js";
export { type ClassCodec, ClassRegistry } from "./codecs/class-registry.js";
export type { DtypeName } from "./codecs/dtypes.js";
export { NdArray, type NdArrayParts } from "./codecs/nd-array.js";
export {
  exempt,
  type FieldMark,
  fieldMark,
  fieldsOf,
  path,
  Secret,
  secret,
  storedNames,
  toSnake,
} from "./config.js";
export {
  constant,
  Entry,
  type EntryParts,
  entryAt,
  globalIdOf,
  type IdentityOptions,
  variable,
} from "./entry.js";
export {
  type ComponentConfig,
  documentDigest,
  type EnvironmentDocument,
  environmentDocument,
  environmentVersion,
  isSecretReference,
  maxEnvironmentBytes,
  maxEnvironmentDepth,
  type PoolConfig,
  parseEnvironmentDocument,
  parseJson,
  type SecretReference,
} from "./environment-document.js";
export {
  abortError,
  type ErrorCode,
  type ErrorDetails,
  errorCodes,
  isLailaError,
  LailaError,
  type LailaErrorJson,
  type LailaErrorOptions,
} from "./errors.js";
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
export { nearMatches } from "./near.js";
export { checkOptions } from "./options.js";
export { decodeRecord } from "./record/decode.js";
export { encodeRecord, type SnapshotOptions, snapshotRecord } from "./record/encode.js";
export { RecordSnapshot } from "./record/snapshot.js";
export type {
  CodecName,
  DecodedRecord,
  DecodeRecordOptions,
  DigestName,
  EncodeRecordOptions,
} from "./record/types.js";
export { isWellFormed } from "./text.js";
