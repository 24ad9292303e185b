import { runDemo as run } from '#lab/demo/demo.ts';

/** Tells the story; exit code 1 when something was not as it should be. */
export async function runDemo(flags: { readonly keep: boolean }): Promise<void> {
  if (!(await run({ keep: flags.keep, output: process.stdout, env: process.env }))) process.exitCode = 1;
}
