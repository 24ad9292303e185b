import type { NotificationMessage, OpenMessage } from '#bgp/wire/messages.ts';
import type { Event } from '../events.ts';
import type { FsmSettings } from '../session.ts';

/** Settings of an eBGP speaker. */
export const aSettings = (changes: Partial<FsmSettings> = {}): FsmSettings => ({
  localAsn: 64500,
  peerAsn: 64501,
  routerId: 0xc0000201,
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
  families: ['IPv4'],
  afterIdle: 'connect',
  ...changes,
});

/** The OPEN of a router that fits `aSettings`. */
export const anOpen = (changes: Partial<OpenMessage> = {}): OpenMessage => ({
  kind: 'open',
  asn: 64501,
  holdTimeS: 180,
  routerId: 0xc0000202,
  capabilities: [
    { kind: 'multiprotocol', afi: 1, safi: 1 },
    { kind: 'fourOctetAsn', asn: 64501 },
  ],
  ...changes,
});

/** A NOTIFICATION, by default Cease without more. */
export const aNotification = (changes: Partial<NotificationMessage> = {}): NotificationMessage => ({
  kind: 'notification',
  code: 6,
  subcode: 0,
  data: new Uint8Array(),
  ...changes,
});

/** One event of each kind. */
export const everyEvent = (): readonly Event[] => [
  { kind: 'ManualStart' },
  { kind: 'ManualStop', cease: { subcode: 2, text: 'maintenance' } },
  { kind: 'AutomaticStop', cease: { subcode: 10 } },
  { kind: 'ManualStartWithPassiveTcpEstablishment' },
  { kind: 'ConnectRetryTimerExpires' },
  { kind: 'HoldTimerExpires' },
  { kind: 'KeepaliveTimerExpires' },
  { kind: 'DelayOpenTimerExpires' },
  { kind: 'IdleHoldTimerExpires' },
  { kind: 'TcpCrAcked' },
  { kind: 'TcpConnectionConfirmed' },
  { kind: 'TcpConnectionFails', reason: 'connection reset' },
  { kind: 'BgpOpen', open: anOpen() },
  { kind: 'BgpHeaderErr', notification: aNotification({ code: 1, subcode: 2 }) },
  { kind: 'BgpOpenMsgErr', notification: aNotification({ code: 2, subcode: 0 }) },
  { kind: 'OpenCollisionDump' },
  { kind: 'NotifMsgVerErr' },
  { kind: 'NotifMsg', notification: aNotification() },
  { kind: 'KeepAliveMsg' },
  { kind: 'UpdateMsg' },
  { kind: 'UpdateMsgErr', notification: aNotification({ code: 3, subcode: 1 }) },
  { kind: 'RouteRefreshMsg' },
  { kind: 'SendHoldTimerExpires' },
  { kind: 'Superseded' },
];
