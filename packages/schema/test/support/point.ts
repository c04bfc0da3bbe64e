import { ClassRegistry } from "../../src/index.js";

/** A class with private state, as users have them. */
export class Point {
  readonly x: unknown;
  readonly y: unknown;

  constructor(x: unknown, y: unknown) {
    this.x = x;
    this.y = y;
  }
}

export const pointCodec = {
  class: Point,
  name: "test/Point",
  version: 1,
  encode: ({ x, y }: Point) => [x, y],
  decode: (data: unknown) => {
    if (!Array.isArray(data)) throw new TypeError("A Point is a list of two.");
    return new Point(data[0], data[1]);
  },
};

export const classes = new ClassRegistry([]).register(pointCodec);
