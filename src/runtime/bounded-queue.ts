/**
 * A first-in first-out queue that never grows beyond its bound: what does not fit is refused, and the caller decides what
 * that means. Taking from the front costs the same at any length.
 */
export class BoundedQueue<T> {
  readonly #capacity: number;
  #items: (T | undefined)[] = [];
  #head = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    return this.#items.length - this.#head;
  }

  /** Adds at the end; false when the queue is full and the item was not taken. */
  push(item: T): boolean {
    if (this.length >= this.#capacity) return false;
    this.#items.push(item);
    return true;
  }

  /** Takes the oldest item, or undefined when there is none. */
  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    // The taken front is dropped in one go once it is the larger half: amortised constant time.
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }
}
