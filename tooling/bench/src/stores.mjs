import { createLaila, MemoryPool, Policy } from "@laila/core";
import Keyv from "keyv";
import { createStorage } from "unstorage";

/** @type {import("./types.js").Store} */
const laila = () => verbsOf(createLaila());

/** A pool that counts bytes needs them: every value becomes a record and is read from one. @type {import("./types.js").Store} */
const asRecords = () => {
  const mine = createLaila();
  mine.activate(new Policy({ alphaPool: new MemoryPool({ maxBytes: Number.MAX_SAFE_INTEGER }) }));
  return verbsOf(mine);
};

/** @type {(mine: import("@laila/core").Laila) => ReturnType<import("./types.js").Store>} */
const verbsOf = (mine) => {
  return {
    "one by one": {
      write: async (values) => {
        const ids = [];
        for (const value of values) ids.push((await mine.memorize(mine.constant(value))).globalId);
        return ids;
      },
      read: async (ids) => {
        const data = [];
        for (const id of ids) data.push((await mine.remember(id)).data);
        return data;
      },
      forget: async (ids) => {
        for (const id of ids) await mine.forget(id);
      },
    },
    "all at once": {
      write: async (values) => {
        const entries = await mine.memorize(values.map((value) => mine.constant(value)));
        return entries.map(({ globalId }) => globalId);
      },
      read: async (ids) => (await mine.remember(ids)).map(({ data }) => data),
      forget: async (ids) => {
        await mine.forget(ids);
      },
    },
  };
};

/** @param {readonly unknown[]} values */
const keyed = (values) => values.map((value, i) => ({ key: `object-${i}`, value }));

/** @param {readonly { key: string }[]} items */
const keysOf = (items) => items.map(({ key }) => key);

/** @type {import("./types.js").Store} */
const keyv = () => {
  const store = new Keyv();
  return {
    "one by one": {
      write: async (values) => {
        const items = keyed(values);
        for (const { key, value } of items) await store.set(key, value);
        return keysOf(items);
      },
      read: async (keys) => {
        const data = [];
        for (const key of keys) data.push(await store.get(key));
        return data;
      },
      forget: async (keys) => {
        for (const key of keys) await store.delete(key);
      },
    },
    "all at once": {
      write: async (values) => {
        const items = keyed(values);
        await store.setMany(items);
        return keysOf(items);
      },
      read: (keys) => store.getMany([...keys]),
      forget: async (keys) => {
        await store.deleteMany([...keys]);
      },
    },
  };
};

/** @type {import("./types.js").Store} */
const unstorage = () => {
  const store = createStorage();
  return {
    "one by one": {
      write: async (values) => {
        const items = keyed(values);
        for (const { key, value } of items) await store.setItem(key, /** @type {any} */ (value));
        return keysOf(items);
      },
      read: async (keys) => {
        const data = [];
        for (const key of keys) data.push(await store.getItem(key));
        return data;
      },
      forget: async (keys) => {
        for (const key of keys) await store.removeItem(key);
      },
    },
    "all at once": {
      write: async (values) => {
        const items = keyed(values);
        await store.setItems(/** @type {any} */ (items));
        return keysOf(items);
      },
      read: async (keys) => (await store.getItems([...keys])).map(({ value }) => value),
      forget: async (keys) => {
        await Promise.all(keys.map((key) => store.removeItem(key)));
      },
    },
  };
};

/** No promises, no text: what a copy costs. @type {import("./types.js").Store} */
const bareMap = () => {
  const store = new Map();
  /** @type {import("./types.js").Verbs} */
  const verbs = {
    write: async (values) => {
      const items = keyed(values);
      for (const { key, value } of items) store.set(key, structuredClone(value));
      return keysOf(items);
    },
    read: async (keys) => keys.map((key) => structuredClone(store.get(key))),
    forget: async (keys) => {
      for (const key of keys) store.delete(key);
    },
  };
  return { "one by one": verbs, "all at once": verbs };
};

export const stores = {
  laila,
  "laila, as records": asRecords,
  keyv,
  unstorage,
  "Map + structuredClone": bareMap,
};
