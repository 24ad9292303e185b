import { formatIpAddress, type IpAddress } from '#net/ip-address.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { allNodes, allRouters } from './icmp-structures.ts';
import { machineInterfaces } from './interface-addresses.ts';
import { decodeRouterMessage, encodeRouterMessage, type RouterMessage } from './router-messages.ts';
import { type IcmpSockets, socketOptions } from './socket-options.ts';

/** What a router on the link said, or one that looks for routers. */
export type Heard = {
  readonly message: RouterMessage;
  /** Its address, canonical text; link-local for an advertisement. */
  readonly from: string;
};

/** Speaks with the routers on one link. */
export type LinkSocket = {
  /** Tells all nodes that we are a router, or asks all routers to tell so. The error: the link is not as it was, open it anew. */
  send(message: RouterMessage): Result<void, string>;
  /** The next message; `heard` is undefined where it has to be discarded. Undefined: none is there now. */
  receive(): { readonly heard: Heard | undefined } | undefined;
  close(): void;
};

/** Opens a link by the name of its interface. The error says what is missing. */
export type OpenLinkSocket = (device: string) => Result<LinkSocket, string>;

/** The interfaces of the machine, as Node gives those that are up. */
type Interfaces = Readonly<
  Record<string, readonly { readonly address: string; readonly mac: string; readonly scopeid?: number }[] | undefined>
>;

/** An interface that is up and has a link-local address. */
type Link = { readonly index: number; readonly linkLayerAddress: Uint8Array | undefined };

/** The link of this machine's interface. `options` and `interfaces` are how to ask the kernel. */
export function openLinkSocket(
  device: string,
  options: () => Result<IcmpSockets, string> = socketOptions,
  interfaces: () => Interfaces = machineInterfaces,
): Result<LinkSocket, string> {
  const kernel = options();
  if (!kernel.ok) return kernel;
  const link = linkOf(device, interfaces());
  if (link === undefined) return err(noLink(device));
  const opened = kernel.value.icmpSocket(device, link.index);
  if (!opened.ok) return opened;
  const { sendIcmp, receiveIcmp, close } = kernel.value;
  const fd = opened.value;
  return ok({
    send(message) {
      // The interface may have come anew under its old name, which this socket is not bound to; or have got another address.
      const now = linkOf(device, interfaces());
      if (now?.index !== link.index) return err(noLink(device));
      const to = message === 'advertisement' ? allNodes : allRouters;
      return sendIcmp(fd, encodeRouterMessage(message, now.linkLayerAddress), to, link.index);
    },
    receive() {
      const received = receiveIcmp(fd);
      if (received === undefined) return undefined;
      const from: IpAddress = { family: 'IPv6', octets: received.from };
      const message = decodeRouterMessage(received.message, from);
      return { heard: message && { message, from: formatIpAddress(from) } };
    },
    close: () => close(fd),
  });
}

/** Whether links can be opened at all: it takes a capability. Tried on the loopback device, whose index is always 1. */
export function canHearLinks(options: () => Result<IcmpSockets, string> = socketOptions): boolean {
  const kernel = options();
  const opened = kernel.ok ? kernel.value.icmpSocket('lo', 1) : kernel;
  if (kernel.ok && opened.ok) kernel.value.close(opened.value);
  return opened.ok;
}

const noLink = (device: string): string => `${device} has no link-local address: it is not there, is down, or has no IPv6`;

function linkOf(device: string, interfaces: Interfaces): Link | undefined {
  const entry = interfaces[device]?.find(({ address }) => address.startsWith('fe80:'));
  if (entry?.scopeid === undefined) return undefined;
  const octets = entry.mac.split(':').map((part) => Number.parseInt(part, 16));
  return { index: entry.scopeid, linkLayerAddress: octets.some((octet) => octet !== 0) ? Uint8Array.from(octets) : undefined };
}
