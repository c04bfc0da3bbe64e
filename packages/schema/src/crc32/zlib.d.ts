// The one thing of Node this package uses, so that its sources need no types of Node.
declare module "node:zlib" {
  export function crc32(data: Uint8Array, value?: number): number;
}
