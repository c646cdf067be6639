// wasi:keyvalue/store@0.2.0-draft2 for `jco serve`: in memory, for as long as the process lives.
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

export const store = { Bucket, open };
