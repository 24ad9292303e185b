/**
 * test/chart — that what is installed is what runs: the bundle, the image's recipe, the chart and the kustomize base, and the
 * rights that they give, against real Helm, kubectl and API servers. No container engine is needed.
 */
import { join } from 'node:path';
import { run } from '../support/processes.ts';

/** The root of the repository. */
export const root = join(import.meta.dirname, '../..');

/** The chart's folder. */
export const chart = join(root, 'charts/anycast-operator');

let building: Promise<string> | undefined;

/** The folder with the program `helm`; built, where it is not, by `programs/build`. */
export function helmFolder(): Promise<string> {
  building ??= run([join(import.meta.dirname, 'programs/build')], { withinMs: 1_800_000 }).then((folder) => folder.trim());
  return building;
}

/** Runs Helm and returns its stdout. */
export async function helm(...args: readonly string[]): Promise<string> {
  return run([join(await helmFolder(), 'helm'), ...args], { withinMs: 120_000 });
}
