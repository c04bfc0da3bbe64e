const known = new WeakMap<object, string>([
  [Object.prototype, "Object"],
  [Array.prototype, "Array"],
]);

/**
 * The name of the built-in class whose prototype this is, in whatever realm (frame, vm context) it
 * was made; undefined for anything else. A prototype counts only when its constructor is native code
 * and its own, unchangeable `prototype` is this very object, so a look-alike does not.
 */
export function nativeName(prototype: object): string | undefined {
  const found = known.get(prototype);
  if (found !== undefined) return found;
  const maker: unknown = Object.getOwnPropertyDescriptor(prototype, "constructor")?.value;
  if (typeof maker !== "function") return undefined;
  const own = Object.getOwnPropertyDescriptor(maker, "prototype");
  const name: unknown = Object.getOwnPropertyDescriptor(maker, "name")?.value;
  if (own?.value !== prototype || own.writable !== false || typeof name !== "string")
    return undefined;
  const text = Function.prototype.toString.call(maker);
  if (
    !/^function (\w+)\(\)\s*\{\s*\[native code\]\s*\}$/.test(text) ||
    !text.startsWith(`function ${name}(`)
  ) {
    return undefined;
  }
  known.set(prototype, name);
  return name;
}
