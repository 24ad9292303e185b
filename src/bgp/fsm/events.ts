/**
 * bgp/fsm — one connection's state machine (RFC 4271 §8), and the arbiter over the connections with one router (§6.8).
 *
 * Pure: `step` takes the session, an event and what surrounds it (settings, time, chance), and answers with the next session and
 * a list of actions. It never throws, whatever the order of events; it opens no socket and sets no timer. `bgp/peer` carries the
 * actions out and feeds the events. State, event and timer names are the RFC's, so that this folder can be read beside it.
 *
 * Each connection has a machine of its own. A peer's home machine connects, or waits in Active where we are passive; each connection
 * that the router opens gets a guest machine, which has no life beyond its connection. `arbiter.ts` says who stays.
 */
import type { NotificationMessage, OpenMessage } from '#bgp/wire/messages.ts';

/** RFC 4271 §8.2.2. */
export type State = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';

/** All states, in the order in which a session climbs them. */
export const states: readonly State[] = ['Idle', 'Connect', 'Active', 'OpenSent', 'OpenConfirm', 'Established'];

/** What a NOTIFICATION of ours says when not a mistake of the router ends the session: Cease (RFC 4486). */
export type CeaseNotice = {
  /** Cease subcode, e.g. 2 Administrative Shutdown. */
  readonly subcode: number;
  /** Text for the people at the other end (RFC 9003); subcodes 2 and 4 only. */
  readonly text?: string;
};

/**
 * What can happen to a session. The comments give RFC 4271 §8.1's numbers. The automatic starts (3, 5, 6, 7) are what the end of the
 * wait in Idle does (13). A connection from nobody that we know (15) ends where we listen, and any other is valid (14).
 */
export type Event =
  /** 1. Connect to the router. */
  | { readonly kind: 'ManualStart' }
  /** 2. End the session, with Cease where the other end listens; without a notice it ends quietly, as a crash would (graceful restart). */
  | { readonly kind: 'ManualStop'; readonly cease: CeaseNotice | undefined }
  /** 4. Wait for the router to connect. */
  | { readonly kind: 'ManualStartWithPassiveTcpEstablishment' }
  /** 8. Something that we noticed ends the session; it comes back by itself, after a wait. */
  | { readonly kind: 'AutomaticStop'; readonly cease: CeaseNotice }
  /** 9. */
  | { readonly kind: 'ConnectRetryTimerExpires' }
  /** 10. */
  | { readonly kind: 'HoldTimerExpires' }
  /** 11. */
  | { readonly kind: 'KeepaliveTimerExpires' }
  /** 12. */
  | { readonly kind: 'DelayOpenTimerExpires' }
  /** 13, and the automatic start that it leads to: 3 and 6, or 5 and 7 where we are passive. */
  | { readonly kind: 'IdleHoldTimerExpires' }
  /** 16. The connection that we asked for is there. */
  | { readonly kind: 'TcpCrAcked' }
  /** 17. The connection that the router asked for is there. */
  | { readonly kind: 'TcpConnectionConfirmed' }
  /** 18. No connection was made, or it ended. `reason` is a sentence part. */
  | { readonly kind: 'TcpConnectionFails'; readonly reason: string }
  /** 19, or 20 while the DelayOpen timer runs. A well-formed OPEN; what it says is checked here. */
  | { readonly kind: 'BgpOpen'; readonly open: OpenMessage }
  /** 21. A broken message header; the NOTIFICATION says what is wrong with it. */
  | { readonly kind: 'BgpHeaderErr'; readonly notification: NotificationMessage }
  /** 22. An OPEN that can't be decoded. */
  | { readonly kind: 'BgpOpenMsgErr'; readonly notification: NotificationMessage }
  /** 23. Another connection with the same router was kept instead of this one. */
  | { readonly kind: 'OpenCollisionDump' }
  /** 24. NOTIFICATION 2/1: the router does not speak version 4. */
  | { readonly kind: 'NotifMsgVerErr' }
  /** 25. Any other NOTIFICATION. */
  | { readonly kind: 'NotifMsg'; readonly notification: NotificationMessage }
  /** 26. */
  | { readonly kind: 'KeepAliveMsg' }
  /** 27. An UPDATE that leaves the session up, whatever became of its routes (RFC 7606). */
  | { readonly kind: 'UpdateMsg' }
  /** 28. An UPDATE after which the session can't go on. */
  | { readonly kind: 'UpdateMsgErr'; readonly notification: NotificationMessage }
  /** A ROUTE-REFRESH (RFC 2918), which has no number: legal in Established only. */
  | { readonly kind: 'RouteRefreshMsg' }
  /** RFC 9687 §4: nothing that we wrote left this machine for too long. */
  | { readonly kind: 'SendHoldTimerExpires' }
  /** RFC 4724 §5: the router came back on another connection, so this one is dead; it ends without a word. */
  | { readonly kind: 'Superseded' };

/** Timers of a session. */
export type TimerName = 'ConnectRetry' | 'Hold' | 'Keepalive' | 'DelayOpen' | 'IdleHold';

/** The event of a timer that fires. */
export const expiryEvents: Readonly<Record<TimerName, Event>> = {
  ConnectRetry: { kind: 'ConnectRetryTimerExpires' },
  Hold: { kind: 'HoldTimerExpires' },
  Keepalive: { kind: 'KeepaliveTimerExpires' },
  DelayOpen: { kind: 'DelayOpenTimerExpires' },
  IdleHold: { kind: 'IdleHoldTimerExpires' },
};
