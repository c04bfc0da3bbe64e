import { readdir } from "node:fs/promises";
import { request as httpRequest, type IncomingHttpHeaders, type RequestOptions } from "node:http";
import { join } from "node:path";
import { type GetObjectCommandOutput, S3Client, type S3ClientConfig } from "@aws-sdk/client-s3";
import type { S3Server } from "../src/index.js";

/** A client as its users have it: default settings, and one attempt so that answers are counted. */
export const clientOf = (server: S3Server, more: S3ClientConfig = {}): S3Client =>
  new S3Client({
    endpoint: server.endpoint,
    region: server.region,
    forcePathStyle: true,
    credentials: {
      accessKeyId: server.accessKeyId,
      secretAccessKey: server.secretAccessKey,
    },
    maxAttempts: 1,
    ...more,
  });

export const bytesOf = async (output: GetObjectCommandOutput): Promise<Uint8Array> =>
  (await output.Body?.transformToByteArray()) ?? new Uint8Array();

export const textOf = async (output: GetObjectCommandOutput): Promise<string> =>
  Buffer.from(await bytesOf(output)).toString("utf8");

/** What a refused request was answered with; fails if it was not refused. */
export async function refusal(
  request: Promise<unknown>,
): Promise<{ name: string; status: number }> {
  try {
    await request;
  } catch (error) {
    const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
    return { name, status: $metadata?.httpStatusCode ?? 0 };
  }
  throw new Error("The request was accepted.");
}

/** The outcome of one of several rivals: "ok", or the name of the refusal. */
export const outcome = async (request: Promise<unknown>): Promise<string> => {
  try {
    await request;
    return "ok";
  } catch (error) {
    return (error as Error).name;
  }
};

/** What lies in the staging directory: nothing, unless a write is on its way. */
export const staged = (server: S3Server): Promise<string[]> =>
  readdir(join(server.directory, "staging"));

export interface RawReply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly continued: boolean;
}

/** An HTTP request without the SDK; resolves to the answer even if it comes before the body. */
export const raw = (url: string, options: RequestOptions = {}, body?: Uint8Array | string) =>
  new Promise<RawReply>((resolve, reject) => {
    let continued = false;
    const request = httpRequest(url, options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        const text = Buffer.concat(chunks).toString("utf8");
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, continued });
        request.destroy();
      });
    });
    request.on("error", reject);
    request.on("continue", () => {
      continued = true;
      request.end(body);
    });
    const waits = Object.keys(options.headers ?? {}).some((name) => /^expect$/i.test(name));
    if (waits) request.flushHeaders();
    else request.end(body);
  });
