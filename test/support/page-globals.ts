// What a page in a browser has, for code that is to run in one without anything of Node.js.

export const PAGE_GLOBALS = {
  AbortController,
  AbortSignal,
  ArrayBuffer,
  URL,
  TextDecoder,
  TextEncoder,
  Uint8Array,
  WebSocket: globalThis.WebSocket,
  clearInterval,
  clearTimeout,
  console,
  performance,
  setInterval,
  setTimeout,
};
