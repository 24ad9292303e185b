import { type ChannelOptions, logVerbosity, setLogVerbosity } from '@grpc/grpc-js';
import { limits } from './limits.ts';

// The library writes lines of its own to standard error; what it has to say comes back as errors, which we log as ours.
setLogVerbosity(logVerbosity.NONE);

/**
 * What both ends of the connection agree on. Without keepalive a dead node would be noticed by TCP only, after minutes.
 * Retries are off: they would buffer what a long stream writes, and only the room above knows what is still true.
 */
export const sharedGrpcOptions: ChannelOptions = {
  'grpc.keepalive_time_ms': limits.keepaliveTimeMs,
  'grpc.keepalive_timeout_ms': limits.keepaliveTimeoutMs,
  'grpc.keepalive_permit_without_calls': 1,
  'grpc.max_send_message_length': limits.messageBytes,
  'grpc.max_receive_message_length': limits.messageBytes,
  'grpc.enable_retries': 0,
  'grpc.enable_channelz': 0,
};
