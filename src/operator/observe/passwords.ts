import type { ObservedPeer } from '#decide/view.ts';
import type { ObjectSource } from '#kube/object-source.ts';
import { keyOf } from '#kube/resource.ts';
import { err, type Result } from '#runtime/result.ts';
import { type PasswordProblem, type PasswordSecret, passwordSecretType } from '../password-secret.ts';

/** Secrets with passwords, and the one namespace that they are in. */
export type Secrets = { readonly source: ObjectSource<PasswordSecret>; readonly namespace: string };

/** The password in a Secret as it is now, or why there is none. */
export function passwordIn({ source, namespace }: Secrets, name: string): Result<string, PasswordProblem> {
  const { freshness, store } = source;
  const unreadable = (why: string) => err({ reason: 'SecretsUnreadable', message: `Secrets of namespace ${namespace}: ${why}` } as const);
  if (freshness.rewound) return unreadable('the API server went back in time; nothing is taken from it');
  const secret = store.get(keyOf({ namespace, name }));
  if (secret !== undefined) return secret.password;
  if (!freshness.listedCompletely) return unreadable(freshness.failure ?? 'not listed yet');
  const message = `there is no Secret ${namespace}/${name} of type ${passwordSecretType}: create it, or correct passwordSecret`;
  return err({ reason: 'SecretNotFound', message });
}

/**
 * A peer with the password in its Secret. Where that has none now, the one that was read last stays, whatever happened: nothing
 * in a Secret is evidence that a session shall end.
 */
export function withPassword(secrets: Secrets, peer: ObservedPeer, before: ObservedPeer | undefined): ObservedPeer {
  if (peer.passwordSecret === undefined) return peer;
  const now = passwordIn(secrets, peer.passwordSecret);
  const last = before?.passwordSecret === peer.passwordSecret ? before.session.password : undefined;
  const password = now.ok ? now.value : last;
  return password === undefined ? peer : { ...peer, session: { ...peer.session, password } };
}
