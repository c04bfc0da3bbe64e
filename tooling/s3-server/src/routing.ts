import { RequestBody, readDocument } from "./body.js";
import { notImplemented, S3Error } from "./errors.js";
import { listBuckets, listObjectsV2, listVersions } from "./listing.js";
import type { Uploads } from "./multipart.js";
import {
  copyObject,
  deleteObject,
  deleteObjects,
  getObject,
  headObject,
  type ObjectTarget,
  putObject,
} from "./objects.js";
import { type Reply, xmlReply } from "./reply.js";
import { hasQuery, queryValue, type S3Request } from "./request.js";
import type { Payload } from "./signature.js";
import type { Storage } from "./storage.js";
import { childText, malformed, parseXml } from "./xml.js";

export interface Service {
  readonly storage: Storage;
  readonly uploads: Uploads;
  readonly region: string;
}

// Sub-resources that would silently be taken for the plain operation on the same path.
const foreign = [
  "accelerate",
  "acl",
  "analytics",
  "attributes",
  "cors",
  "encryption",
  "intelligent-tiering",
  "inventory",
  "legal-hold",
  "lifecycle",
  "logging",
  "metrics",
  "notification",
  "object-lock",
  "ownershipControls",
  "policy",
  "policyStatus",
  "publicAccessBlock",
  "renameObject",
  "replication",
  "requestPayment",
  "restore",
  "retention",
  "select",
  "session",
  "tagging",
  "torrent",
  "website",
];

/** The operation that a request asks for, by its name in the S3 API; "Unknown" for none of ours. */
export function operationOf(request: S3Request): string {
  const { method, bucket, key, headers } = request;
  const has = (name: string) => hasQuery(request, name);
  if (foreign.some(has)) return "Unknown";
  if (bucket === undefined) return method === "GET" ? "ListBuckets" : "Unknown";
  if (key === undefined) {
    switch (method) {
      case "PUT":
        return has("versioning") ? "PutBucketVersioning" : "CreateBucket";
      case "HEAD":
        return "HeadBucket";
      case "DELETE":
        return "DeleteBucket";
      case "POST":
        return has("delete") ? "DeleteObjects" : "Unknown";
      case "GET":
        if (queryValue(request, "list-type") === "2") return "ListObjectsV2";
        if (has("versions")) return "ListObjectVersions";
        if (has("uploads")) return "ListMultipartUploads";
        if (has("versioning")) return "GetBucketVersioning";
        if (has("location")) return "GetBucketLocation";
    }
    return "Unknown";
  }
  const copy = "x-amz-copy-source" in headers;
  switch (method) {
    case "PUT":
      if (has("uploadId")) return copy ? "UploadPartCopy" : "UploadPart";
      return copy ? "CopyObject" : "PutObject";
    case "POST":
      if (has("uploads")) return "CreateMultipartUpload";
      return has("uploadId") ? "CompleteMultipartUpload" : "Unknown";
    case "GET":
      return has("uploadId") ? "ListParts" : "GetObject";
    case "HEAD":
      return "HeadObject";
    case "DELETE":
      return has("uploadId") ? "AbortMultipartUpload" : "DeleteObject";
  }
  return "Unknown";
}

/** Carries out an operation whose signature has been verified. */
export async function perform(
  service: Service,
  operation: string,
  request: S3Request,
  payload: Payload,
): Promise<Reply> {
  const { storage, uploads } = service;
  const bucket = request.bucket ?? "";
  const target: ObjectTarget = { storage, request, bucket, key: request.key ?? "" };
  const body = () => new RequestBody(request, payload);
  switch (operation) {
    case "ListBuckets":
      return listBuckets(storage.buckets());
    case "CreateBucket":
      return createBucket(service, request, body());
    case "HeadBucket":
      storage.bucket(bucket);
      return { status: 200, headers: { "x-amz-bucket-region": service.region } };
    case "DeleteBucket":
      await storage.deleteBucket(bucket);
      await uploads.forgetBucket(bucket);
      return { status: 204 };
    case "PutBucketVersioning":
      return putBucketVersioning(storage, bucket, body());
    case "GetBucketVersioning":
      return xmlReply("VersioningConfiguration", { Status: storage.bucket(bucket).versioning });
    case "GetBucketLocation":
      storage.bucket(bucket);
      return xmlReply(
        "LocationConstraint",
        service.region === "us-east-1" ? undefined : service.region,
      );
    case "ListObjectsV2":
      return listObjectsV2(request, storage.bucket(bucket));
    case "ListObjectVersions":
      return listVersions(request, storage.bucket(bucket));
    case "ListMultipartUploads":
      return uploads.listUploads(request, bucket);
    case "DeleteObjects":
      return deleteObjects(storage, bucket, body());
    case "PutObject":
      return putObject(target, body());
    case "GetObject":
      return getObject(target);
    case "HeadObject":
      return headObject(target);
    case "DeleteObject":
      return deleteObject(target);
    case "CopyObject":
      return copyObject(target);
    case "CreateMultipartUpload":
      return uploads.create(target);
    case "UploadPart":
      return uploads.uploadPart(target, body());
    case "UploadPartCopy":
      return uploads.uploadPartCopy(target);
    case "CompleteMultipartUpload":
      // Its checksum headers speak of the object, not of this document.
      return uploads.complete(target, new RequestBody(request, payload, false));
    case "AbortMultipartUpload":
      return uploads.abort(target);
    case "ListParts":
      return uploads.listParts(target);
  }
  throw notImplemented(`${request.method} ${request.rawPath}?${request.rawQuery}`);
}

async function createBucket(
  { storage, region }: Service,
  request: S3Request,
  body: RequestBody,
): Promise<Reply> {
  const document = await readDocument(body);
  if (document !== "") {
    const location = childText(parseXml(document), "LocationConstraint");
    if (location !== undefined && location !== "" && location !== region) {
      throw new S3Error(
        "IllegalLocationConstraintException",
        `The ${location} location constraint is incompatible for the region specific endpoint this request was sent to.`,
      );
    }
  }
  const name = request.bucket ?? "";
  // In its first region S3 takes the same bucket twice; everywhere else it refuses.
  if (region !== "us-east-1" || !storage.hasBucket(name)) await storage.createBucket(name);
  return { status: 200, headers: { location: `/${name}` } };
}

async function putBucketVersioning(
  storage: Storage,
  bucket: string,
  body: RequestBody,
): Promise<Reply> {
  storage.bucket(bucket);
  const root = parseXml(await readDocument(body));
  const status = childText(root, "Status");
  if (root.name !== "VersioningConfiguration") throw malformed();
  if (status !== "Enabled" && status !== "Suspended") {
    throw new S3Error(
      "IllegalVersioningConfigurationException",
      "The versioning configuration specified in the request is invalid.",
    );
  }
  await storage.setVersioning(bucket, status);
  return { status: 200 };
}
