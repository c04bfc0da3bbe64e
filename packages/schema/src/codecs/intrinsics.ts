export type Getter = (this: unknown) => unknown;

/**
 * A getter of a built-in class. It throws when its receiver is not genuinely of that class, in whatever
 * realm that was made, and calls nothing that the receiver itself defines.
 */
export function getter(prototype: object, name: PropertyKey): Getter {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get;
  if (get === undefined) throw new TypeError(`This runtime lacks the getter of ${String(name)}.`);
  return get;
}
