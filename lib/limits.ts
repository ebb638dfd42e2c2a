/** What is taken from outside at the most, each with its reason. */

/**
 * How deep lists and objects of JSON may lie within each other. What walks a value by recursion (Node-RED's copies,
 * `JSON.stringify`) runs out of stack at some thousands; documents of this field are less than twenty deep.
 */
export const MAX_JSON_DEPTH = 128;

/** Largest payload that a server may announce, in bytes: INFO of a large server has many megabytes. */
export const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;

/** Bytes that a compressed document may have when it is decompressed: bzip2 makes a hundred thousand bytes of one. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;
