const words =
  "Fast sails on the northern route; calls again in spring, prefers letters to telephone calls. ";

/** An object of about 1 KB of JSON, as they come: texts, numbers, a list, objects in objects. */
export const customer = (/** @type {number} */ i) => ({
  id: i,
  name: `Customer number ${i}`,
  email: `customer-${i}@example.org`,
  active: i % 3 !== 0,
  balance: i * 1.25,
  since: "2026-01-31T12:00:00.000Z",
  tags: ["alpha", "beta", "gamma"],
  address: {
    street: `${i} Harbour Road`,
    city: "Port Example",
    zip: String(10_000 + (i % 90_000)),
    location: [12.5, i / 7],
  },
  orders: Array.from({ length: 3 }, (_, k) => ({
    sku: `SKU-${i}-${k}`,
    quantity: k + 1,
    price: 9.99 * (k + 1),
  })),
  notes: words.repeat(5),
});

/** The same with what JSON does not have. */
export const customerWithDate = (/** @type {number} */ i) => ({
  ...customer(i),
  since: new Date(1_700_000_000_000 + i),
  balance: Number.NaN,
});

/** About 100 bytes of JSON: a leaf as they are in a manifest of many. */
export const setting = (/** @type {number} */ i) => ({
  name: `setting-${i}`,
  value: i * 1.5,
  unit: "metre",
  sources: ["measured", "corrected"],
  final: true,
});

/** @param {number} bytes */
export const floats = (bytes) => Float32Array.from({ length: bytes / 4 }, (_, i) => i * 0.5);
