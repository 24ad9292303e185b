import type { RawObject, ResourceType } from '#kube/resource.ts';
import { err, type Result } from '#runtime/result.ts';
import { passwordIn } from '#state/password.ts';
import { type ObjectMeta, projectMeta } from './core-objects.ts';

/** Why a Secret has no password that can be used, never with any of it. */
export type PasswordProblem = {
  readonly reason: 'SecretNotFound' | 'SecretKeyMissing' | 'PasswordInvalid' | 'SecretsUnreadable';
  /** A sentence for a person, without the full stop. */
  readonly message: string;
};

/** A Secret with the password of sessions, and nothing else that may be in it. */
export type PasswordSecret = { readonly metadata: ObjectMeta; readonly password: Result<string, PasswordProblem> };

/** Key of the password in the data of a Secret: that of `kubernetes.io/basic-auth`. */
const passwordKey = 'password';

/** The only Secrets that are read: those of this type. Kubernetes never lets a Secret change its type. */
export const passwordSecretType = 'kubernetes.io/basic-auth';

export const secretResource: ResourceType = { group: '', version: 'v1', kind: 'Secret', plural: 'secrets', namespaced: true };

/** Reads a Secret as the API server sends it, base64 and all. */
export function projectPasswordSecret(object: RawObject): PasswordSecret {
  const metadata = projectMeta(object.metadata);
  const encoded = (object['data'] as Readonly<Record<string, unknown>> | null | undefined)?.[passwordKey];
  return { metadata, password: passwordOf(`Secret ${metadata.namespace}/${metadata.name}`, encoded) };
}

function passwordOf(secret: string, encoded: unknown): Result<string, PasswordProblem> {
  if (typeof encoded !== 'string') {
    return err({ reason: 'SecretKeyMissing', message: `${secret} has no key ${passwordKey}: put the password there` });
  }
  const text = textIn(Buffer.from(encoded, 'base64'));
  const password = text === undefined ? err('is no UTF-8 text') : passwordIn(text);
  if (password.ok) return password;
  return err({ reason: 'PasswordInvalid', message: `${secret}: the first line of ${passwordKey} ${password.error}` });
}

function textIn(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
