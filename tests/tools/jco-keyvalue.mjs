// wasi:keyvalue/store and atomics@0.2.0-draft2 for `jco serve`: in memory, for as long as the process lives.
// Mapped with --jco-map; a thrown string or object is the error case of the contract.

const buckets = new Map();

export class Bucket {
  #entries;

  static of(name) {
    const bucket = new Bucket();
    if (!buckets.has(name)) buckets.set(name, new Map());
    bucket.#entries = buckets.get(name);
    return bucket;
  }

  get(key) {
    return this.#entries.get(key);
  }

  set(key, value) {
    // The array is a view of the guest's memory.
    this.#entries.set(key, Uint8Array.from(value));
  }

  delete(key) {
    this.#entries.delete(key);
  }

  exists(key) {
    return this.#entries.has(key);
  }

  listKeys(_cursor) {
    return { keys: [...this.#entries.keys()], cursor: undefined };
  }
}

export function open(name) {
  return Bucket.of(name);
}

// A value as it was seen. One thread runs everything here, so a swap needs no lock.
export class Cas {
  #bucket;
  #key;
  #seen;

  static new(bucket, key) {
    const cas = new Cas();
    cas.#bucket = bucket;
    cas.#key = key;
    cas.#seen = bucket.get(key);
    return cas;
  }

  static swap(cas, value) {
    const now = cas.#bucket.get(cas.#key);
    if (!same(now, cas.#seen)) {
      throw { tag: "cas-failed", val: Cas.new(cas.#bucket, cas.#key) };
    }
    cas.#bucket.set(cas.#key, value);
  }

  current() {
    return this.#seen;
  }
}

function same(one, other) {
  if (one === undefined || other === undefined) return one === other;
  return one.length === other.length && one.every((byte, index) => byte === other[index]);
}

// A number is eight bytes, little-endian, as in Spin.
export function increment(bucket, key, delta) {
  const value = bucket.get(key);
  if (value !== undefined && value.length !== 8) throw { tag: "other", val: "the value is no number" };
  const bytes = Uint8Array.from(value ?? new Uint8Array(8));
  const view = new DataView(bytes.buffer);
  const sum = view.getBigInt64(0, true) + delta;
  if (BigInt.asIntN(64, sum) !== sum) throw { tag: "other", val: "the sum is no number of 64 bits" };
  view.setBigInt64(0, sum, true);
  bucket.set(key, bytes);
  return sum;
}

export function swap(cas, value) {
  Cas.swap(cas, value);
}

export const store = { Bucket, open };
export const atomics = { Cas, increment, swap };
