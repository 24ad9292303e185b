/**
 * rpc — the speaker protocol: one stream between each speaker, which dials, and each operator.
 *
 * The rooms above see two ports, {@link SpeakerLink} and {@link OperatorLink}, and messages of `state`. How messages become
 * bytes, who may speak for which node, and how a lost stream comes back is this room's business. A real pair (gRPC: server.ts,
 * client.ts) and one in memory on any Clock (memory-link.ts) keep the same contract, which link-contract.test.ts states.
 *
 * Promised: messages arrive whole, in order, at most once; what was sent before a link closed may be lost; a link that closed
 * stays closed. A speaker speaks for the node that its token names and for no other. Memory is bounded: see limits.ts.
 * May not happen here: decisions about routes. Losing a link changes nothing that routers hear.
 */
import type { Hello, OperatorMessage, SpeakerMessage } from '#state/messages.ts';

/** What a speaker says after its Hello. */
export type SpeakerUpdate = Exclude<SpeakerMessage, Hello>;

/** One end of a stream, open from the moment it is handed over until `onClose`. */
export type Link<Out, In> = {
  /**
   * Sends a message; on a closed link it does nothing. Nobody is made to wait: whoever sends state waits for its Ack before
   * sending more. A link whose other side does not read is closed once `limits.unsentMessages` wait.
   */
  send(message: Out): void;
  /** The other side reads more slowly than we send: what can be coalesced should wait. */
  readonly congested: boolean;
  /** Sets who gets the messages. Must be set in the same turn in which the link was handed over. */
  onMessage(handler: (message: In) => void): void;
  /** Sets who is told, once, that the link is closed and why; also when this end closed it. */
  onClose(handler: (reason: string) => void): void;
  /** Ends the stream. What was sent before is still delivered where the other side reads. Closing twice does nothing. */
  close(reason: string): void;
};

/** What the operator sees of one connected speaker. */
export type SpeakerLink = Link<OperatorMessage, SpeakerUpdate> & {
  /** The node that the speaker may speak for: authenticated, and the one in its Hello. */
  readonly node: string;
};

/** What a speaker sees of one operator. The first message that it sends must be its Hello. */
export type OperatorLink = Link<SpeakerMessage, OperatorMessage> & {
  /** Where the operator was reached, `host:port`. */
  readonly operator: string;
};

/** Told of each speaker that was authenticated and said Hello. */
export type SpeakerHandler = (link: SpeakerLink, hello: Hello) => void;

/** Told of each operator that took our token and now waits for Hello. */
export type OperatorHandler = (link: OperatorLink) => void;
