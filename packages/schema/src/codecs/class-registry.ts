/** How instances of one class become plain data and come back. Both functions are pure. */
export interface ClassCodec<T = unknown> {
  /** The class whose direct instances this is for. */
  readonly class: abstract new (...args: never[]) => T;
  /** The stored name; never change it. */
  readonly name: string;
  /** A whole number from 1; raise it when the data changes its shape. */
  readonly version: number;
  encode(instance: T): unknown;
  decode(data: unknown): T;
}

/** The classes one LAILA instance can store, by `name@version`. */
export class ClassRegistry {}
