import type { TestProject } from 'vitest/node';
import { Scope } from '../support/scope.ts';
import { type ControlPlaneAccess, startControlPlane } from './control-plane.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The control plane that the files of this lane share. */
    controlPlane: ControlPlaneAccess;
  }
}

/** Starts the lane's control plane before its first file, and ends it after its last. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scope = new Scope();
  try {
    project.provide('controlPlane', (await startControlPlane(scope)).access);
  } catch (error) {
    await scope.close();
    throw error;
  }
  return () => scope.close();
}
