import type { GlobalId } from "@laila/schema";

/** One place in a blueprint. The leaves below it are `[from, to)` of all leaves, in order. */
export interface TreeNode {
  /** As the server names it: `layers[3].weights`; "" for the manifest itself. */
  readonly path: string;
  readonly name: string;
  readonly kind: "leaf" | "object" | "list";
  readonly id: GlobalId | null;
  readonly children: readonly TreeNode[];
  readonly from: number;
  readonly to: number;
}

/** A blueprint as a tree, and its leaves in order. */
export interface Tree {
  readonly root: TreeNode;
  readonly leaves: readonly TreeNode[];
}

/** The tree of a manifest, whose root is the manifest's own record. */
export function treeOf(blueprint: unknown, name: string, id: GlobalId): Tree {
  const leaves: TreeNode[] = [];
  const node = (value: unknown, path: string, name: string): TreeNode => {
    const from = leaves.length;
    if (typeof value === "string") {
      const leaf = {
        path,
        name,
        kind: "leaf",
        id: value,
        children: [],
        from,
        to: from + 1,
      } as const;
      leaves.push(leaf);
      return leaf;
    }
    const isList = Array.isArray(value);
    const children = Object.entries((value ?? {}) as object).map(([key, inner]) =>
      isList ? node(inner, `${path}[${key}]`, `[${key}]`) : node(inner, pathBelow(path, key), key),
    );
    return {
      path,
      name,
      kind: isList ? "list" : "object",
      id: null,
      children,
      from,
      to: leaves.length,
    };
  };
  return { root: { ...node(blueprint, "", name), id }, leaves };
}

/** A name that is no word is quoted, as the server does. */
function pathBelow(path: string, name: string): string {
  if (!/^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name)) return `${path}[${JSON.stringify(name)}]`;
  return path === "" ? name : `${path}.${name}`;
}

/** A visible line of the tree. */
export interface TreeRow {
  readonly node: TreeNode;
  /** From 1, as ARIA counts. */
  readonly level: number;
  readonly position: number;
  readonly siblings: number;
  /** Undefined for a leaf. */
  readonly isOpen: boolean | undefined;
}

/** The lines to be seen: below what is open, and only what `isShown` has leaves for. */
export function rowsOf(
  root: TreeNode,
  isOpen: (path: string) => boolean,
  isShown: (node: TreeNode) => boolean,
): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (node: TreeNode, level: number, position: number, siblings: number): void => {
    const open = node.kind === "leaf" ? undefined : isOpen(node.path);
    rows.push({ node, level, position, siblings, isOpen: open });
    if (open !== true) return;
    const shown = node.children.filter(isShown);
    for (const [i, child] of shown.entries()) add(child, level + 1, i + 1, shown.length);
  };
  add(root, 1, 1, 1);
  return rows;
}

/** What is open at first: the whole tree, but what has more leaves than one looks through. */
export function openAtFirst(root: TreeNode): Set<string> {
  const open = new Set<string>();
  const add = (node: TreeNode): void => {
    if (node.kind === "leaf" || (node !== root && node.to - node.from > 100)) return;
    open.add(node.path);
    for (const child of node.children) add(child);
  };
  add(root);
  return open;
}
