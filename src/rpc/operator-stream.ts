import { ChannelCredentials, type ChannelOptions, type ClientDuplexStream, Metadata, type StatusObject, status } from '@grpc/grpc-js';
import type { Clock } from '#runtime/clock.ts';
import type { SpeakerMessage } from '#state/messages.ts';
import { SpeakerServiceClient, type SyncRequest, type SyncResponse } from './generated/anycast/speaker/v1/speaker.ts';
import { sharedGrpcOptions } from './grpc-options.ts';
import { limits } from './limits.ts';
import { OperatorEnd, type Transport } from './link-end.ts';
import { operatorMessageFromWire, speakerMessageToWire } from './message-codec.ts';
import type { OperatorHandler } from './speaker-link.ts';

/** What one stream to an operator needs. */
export type OperatorStreamOptions = {
  /** `host:port`, an IP address. */
  readonly address: string;
  /** Shows who we are. */
  readonly token: string;
  /** The authorities and the name that the operator's certificate must be from and for. Absent: no TLS. */
  readonly tls: { readonly ca: Buffer; readonly serverName: string } | undefined;
  /** The operator took the token. Called at most once. */
  readonly onOpen: OperatorHandler;
  /** The stream is over, whether it was open or not. Called once. */
  readonly onOver: (reason: string) => void;
  readonly clock: Clock;
};

type Call = ClientDuplexStream<SyncRequest, SyncResponse>;

/** One stream, on a connection of its own; ends it when called. */
export type EndStream = (reason: string) => void;

/** Opens a stream. It is open when the operator's metadata came; the caller dials again when it is over. */
export function openOperatorStream(options: OperatorStreamOptions): EndStream {
  const { address, clock } = options;
  const client = createClient(options);
  const call: Call = client.sync(authorization(options.token));
  let link: OperatorEnd | undefined;
  let ownReason: string | undefined;
  const cancel = (reason: string): void => {
    ownReason ??= reason;
    call.cancel();
  };
  let timer = clock.after(limits.dialTimeoutMs, () => cancel(`${address} did not answer within ${limits.dialTimeoutMs} ms`));
  const transport = transportOf(call, (reason) => {
    ownReason ??= reason;
    timer = clock.after(limits.closeTimeoutMs, () => call.cancel());
  });
  call.on('metadata', () => {
    timer.cancel();
    link = new OperatorEnd(transport, address);
    options.onOpen(link);
  });
  call.on('data', (response: SyncResponse) => {
    const message = operatorMessageFromWire(response);
    if (!message.ok) link?.close(`the operator sent a message that can't be read: ${message.error}`);
    else if (message.value !== undefined) link?.received(message.value);
  });
  // The status says the same; without a listener the error would end the process.
  call.on('error', () => undefined);
  call.on('status', (result: StatusObject) => {
    timer.cancel();
    client.close();
    const reason = ownReason ?? (result.code === status.OK ? 'the operator ended the stream' : result.details);
    link?.ended(reason);
    options.onOver(reason);
  });
  return (reason) => (link === undefined ? cancel(reason) : link.close(reason));
}

const transportOf = (call: Call, onEnd: (reason: string) => void): Transport<SpeakerMessage> => ({
  write: (message) => call.write(speakerMessageToWire(message)),
  unsent: () => call.writableLength,
  end: (reason) => {
    call.end();
    onEnd(reason);
  },
});

function authorization(token: string): Metadata {
  const metadata = new Metadata();
  metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function createClient({ address, tls }: OperatorStreamOptions): SpeakerServiceClient {
  const options: ChannelOptions = {
    ...sharedGrpcOptions,
    // A connection of its own per dial: shared ones would keep old certificates and their own back-off.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
  };
  if (tls === undefined) return new SpeakerServiceClient(address, ChannelCredentials.createInsecure(), options);
  return new SpeakerServiceClient(address, ChannelCredentials.createSsl(tls.ca), {
    ...options,
    'grpc.ssl_target_name_override': tls.serverName,
    'grpc.default_authority': tls.serverName,
  });
}
