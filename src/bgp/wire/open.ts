import { asTrans } from '#net/asn.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { decodeCapability, encodeCapability } from './capabilities.ts';
import { type DecodeError, openError } from './errors.ts';
import { errorSubcode } from './iana.ts';
import { limits } from './limits.ts';
import type { Capability, OpenMessage } from './messages.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

const version = 4;
const capabilitiesParameter = 2;
/** RFC 9072 §2: as the type of the first parameter it says that lengths of parameters take two octets. */
const extendedParameters = 255;

/**
 * The body of an OPEN (RFC 4271 §4.2), and the checks of §6.2 that need no configuration. Whether AS and identifier are the
 * ones that we want is the state machine's question.
 */
export function decodeOpen(body: Uint8Array): Result<OpenMessage, DecodeError> {
  const reader = new Reader(body);
  const theirVersion = reader.u8();
  if (theirVersion !== version) {
    const message = `version is ${theirVersion}, this speaker knows 4 only`;
    return err(openError(errorSubcode.unsupportedVersion, message, Uint8Array.of(0, version)));
  }
  const myAs = reader.u16();
  const holdTimeS = reader.u16();
  const routerId = reader.u32();
  const parameters = decodeParameters(reader);
  if (!parameters.ok) return parameters;
  const capabilities = parameters.value;
  const asn = capabilities.find((capability) => capability.kind === 'fourOctetAsn')?.asn ?? myAs;
  if (myAs === 0 || asn === 0) return err(openError(errorSubcode.badPeerAs, 'AS number is 0, which is reserved (RFC 7607)'));
  if (routerId === 0) return err(openError(errorSubcode.badBgpIdentifier, 'BGP Identifier is 0.0.0.0 (RFC 6286)'));
  if (holdTimeS === 1 || holdTimeS === 2) {
    return err(openError(errorSubcode.unacceptableHoldTime, `hold time is ${holdTimeS} s, must be 0 or at least 3`));
  }
  return ok({ kind: 'open', asn, holdTimeS, routerId, capabilities });
}

/** The optional parameters, of which only capabilities are known: many in one parameter, one in each, or both. */
function decodeParameters(reader: Reader): Result<Capability[], DecodeError> {
  const shortLength = reader.u8();
  const field = reader.rest();
  const parameters = new Reader(field);
  // RFC 9072 §2: the type alone decides; the one-octet length before it need not be 255.
  const extended = shortLength > 0 && field[0] === extendedParameters;
  const length = extended ? readExtendedLength(parameters) : shortLength;
  if (parameters.failed || length !== parameters.remaining) {
    return malformed(`optional parameters should have ${length} octets and have ${parameters.remaining}`);
  }
  const capabilities: Capability[] = [];
  while (parameters.remaining > 0) {
    const type = parameters.u8();
    const value = parameters.take(extended ? parameters.u16() : parameters.u8());
    if (parameters.failed) return malformed('an optional parameter is longer than what is left of the message');
    if (type !== capabilitiesParameter) {
      return err(openError(errorSubcode.unsupportedOptionalParameter, `optional parameter of type ${type} is not known`));
    }
    if (!readCapabilities(value, capabilities)) return malformed('a capability is longer than what is left of its parameter');
  }
  return ok(capabilities);
}

function readExtendedLength(parameters: Reader): number {
  parameters.u8();
  return parameters.u16();
}

/** Adds the capabilities of one parameter; false where one is cut. */
function readCapabilities(parameter: Uint8Array, capabilities: Capability[]): boolean {
  const reader = new Reader(parameter);
  while (reader.remaining > 0) {
    const code = reader.u8();
    const value = reader.take(reader.u8());
    if (reader.failed) return false;
    capabilities.push(decodeCapability(code, value));
  }
  return true;
}

const malformed = (message: string): Result<never, DecodeError> => err(openError(errorSubcode.openUnspecific, message));

/** The body of an OPEN. All capabilities stand in one parameter. */
export function encodeOpen(open: OpenMessage): Uint8Array {
  const capabilities = new Writer();
  for (const capability of open.capabilities) capabilities.bytes(encodeCapability(capability));
  const body = new Writer()
    .u8(version)
    .u16(open.asn > 0xffff ? asTrans : open.asn)
    .u16(open.holdTimeS)
    .u32(open.routerId);
  return writeParameters(body, capabilities.finish()).finish();
}

/** The length of the optional parameters and the one parameter; in RFC 9072's form where they need more than 255 octets. */
function writeParameters(body: Writer, capabilities: Uint8Array): Writer {
  if (capabilities.length === 0) return body.u8(0);
  if (2 + capabilities.length <= limits.optionalParametersOctets) {
    return body
      .u8(2 + capabilities.length)
      .u8(capabilitiesParameter)
      .u8(capabilities.length)
      .bytes(capabilities);
  }
  return body
    .u8(limits.optionalParametersOctets)
    .u8(extendedParameters)
    .u16(3 + capabilities.length)
    .u8(capabilitiesParameter)
    .u16(capabilities.length)
    .bytes(capabilities);
}
