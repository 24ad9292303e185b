import { type Guard, holdForDoubt } from './guard.ts';

/** What was never seen, or is gone without a tombstone, changes nothing. Its exit is what a person can do. */
export const presentInput: Guard = (question) =>
  holdForDoubt(question, 'InputMissing', ({ kind, object }) =>
    kind === 'Secret'
      ? `Secret ${object} is there, with a password that can be used.`
      : `Bring ${kind} ${object} back; if it shall go, delete it then, so that the deletion is seen. What is there: ${get(kind, object)}`,
  );

const get = (kind: string, object: string): string => {
  const [name, namespace] = object.split('/').reverse();
  return `kubectl ${namespace === undefined ? '' : `-n ${namespace} `}get ${kind.toLowerCase()} ${name}`;
};
