import { readFileSync, statSync } from 'node:fs';

/** Reads the JSON lines that a process appends to its log. */
export class LineReader<T> {
  readonly #file: string;

  constructor(file: string) {
    this.#file = file;
  }

  /** All lines so far that are JSON; a last one that is not complete yet is left out. */
  all(): T[] {
    const text = readFileSync(this.#file, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line) as T);
  }

  /** Size of the log in bytes. */
  get bytes(): number {
    return statSync(this.#file).size;
  }
}
