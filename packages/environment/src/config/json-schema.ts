/** In a module of its own, so that it is loaded, and bundled, for those alone who ask for it. */
export { toJSONSchema } from "zod/v4/core";
