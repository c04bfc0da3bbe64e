export { type ClassCodec, ClassRegistry } from "./class-registry.js";
export type { DtypeName, NumericData, NumericDtypeName } from "./dtypes.js";
export { isJsonExact, maxJsonDepth } from "./json-exact.js";
export { type DataOf, NdArray, type NdArrayParts } from "./nd-array.js";
export { decodeNpy, type EncodedArray, encodeNpy } from "./npy.js";
export { decodeStructured } from "./structured-decode.js";
export { encodeStructured } from "./structured-encode.js";
