import type { WriteStream } from 'node:tty';

/** What the demo writes to: colours on a terminal, plain text into a pipe or with NO_COLOR. */
export class Screen {
  readonly #output: NodeJS.WritableStream;
  readonly #colours: boolean;

  constructor(output: NodeJS.WritableStream, env: NodeJS.ProcessEnv) {
    this.#output = output;
    this.#colours = (output as Partial<WriteStream>).isTTY === true && env['NO_COLOR'] === undefined;
  }

  /** A step of the story, numbered by the caller. */
  heading(text: string): void {
    this.#line('');
    this.#line(this.#paint('1;36', text));
  }

  /** What is going on and why it matters. */
  say(text: string): void {
    this.#line(`  ${text}`);
  }

  /** Something that was checked and holds. */
  good(text: string): void {
    this.#line(`  ${this.#paint('32', '✓')} ${text}`);
  }

  /** Something that was checked and does not hold. */
  bad(text: string): void {
    this.#line(`  ${this.#paint('31', '✗')} ${text}`);
  }

  /** A table with a header row; columns as wide as their widest cell. */
  table(header: readonly string[], rows: readonly (readonly string[])[]): void {
    const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
    const format = (row: readonly string[]): string =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('   ')
        .trimEnd();
    this.#line(`    ${this.#paint('2', format(header))}`);
    for (const row of rows) this.#line(`    ${format(row)}`);
    if (rows.length === 0) this.#line(`    ${this.#paint('2', '(no routes)')}`);
  }

  #line(text: string): void {
    this.#output.write(`${text}\n`);
  }

  #paint(code: string, text: string): string {
    return this.#colours ? `\u001b[${code}m${text}\u001b[0m` : text;
  }
}
