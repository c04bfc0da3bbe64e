import { type GlobalId, globalIdOf } from "@laila/core";
import { isGlobalId } from "@laila/schema";
import type { Project } from "../project/project.js";

/** The manifest that an operand names: by its global id, or its nickname. */
export function manifestIdOf(operand: string | undefined, project: Project): GlobalId {
  const name = operand ?? "";
  if (isGlobalId(name, "MANIFEST")) return name;
  return globalIdOf(name, { scope: "MANIFEST", namespace: project.laila.namespace });
}
