import type { SessionDecision } from './decided.ts';

/** Names one hold among those of its owner: what it is about, and the cause that is held. */
export const holdKey = (subject: string, cause: string): string => `${subject} ${cause}`;

/** The owner under which the holds of a node's sessions stand. No Service is called so: their keys have one slash. */
export const nodeOwner = (node: string): string => `node//${node}`;

/** Names the hold of a session, or of the node's identity. */
export const sessionHoldKey = ({ peer, cause }: Pick<SessionDecision, 'peer' | 'cause'>): string => holdKey(peer ?? '', cause);
