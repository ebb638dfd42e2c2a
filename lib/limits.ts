/** What is taken from outside at the most, each with its reason. */

/**
 * How deep lists and objects of JSON may lie within each other. What walks a value by recursion (Node-RED's copies,
 * `JSON.stringify`) runs out of stack at some thousands; documents of this field are less than twenty deep.
 */
export const MAX_JSON_DEPTH = 128;

/** Largest payload that a server may announce, in bytes: INFO of a large server has many megabytes. */
export const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024;

/**
 * Largest INFO of a server, in bytes: one stream takes some 350, so this is the ring of every station of the world. Read in
 * slices, so that it holds up nothing.
 */
export const MAX_INFO_BYTES = 64 * 1024 * 1024;

/** Most streams or connections of one INFO: each takes about a kilobyte of memory. */
export const MAX_INFO_ROWS = 200_000;

/** Bytes that a compressed document may have when it is decompressed: bzip2 makes a hundred thousand bytes of one. */
export const MAX_DOCUMENT_BYTES = 1024 * 1024;

/**
 * Bytes of a miniSEED record, by default: bounds what a reader holds. Records of real time have some hundreds, the longest of
 * archives some MB (libmseed reads 10 MiB).
 */
export const MAX_RECORD_BYTES = 16 * 1024 * 1024;

/**
 * Samples that a record may claim before its Steim frames are counted: room for more is only made if they are there. A header
 * of version 2 cannot claim more, one of version 3 four thousand million.
 */
export const MAX_TRUSTED_SAMPLES = 65_535;

/**
 * Logins that one address may try per minute, and how many of them at once: enough for a site's programs that all come
 * back together, and 43,200 a day for somebody who guesses.
 */
export const LOGINS_PER_MINUTE = 30;
export const LOGINS_AT_ONCE = 10;

/** Milliseconds that a login waits for its time at most; beyond that it is refused. */
export const LOGIN_WAIT = 10_000;

/** Channels of a seismograph: more rows than a page can show, and the memory that they may take together, in bytes. */
export const MAX_CHANNELS = 200;
export const MAX_SEISMOGRAPH_BYTES = 1024 * 1024 * 1024;

/** Triggers and events that a seismograph remembers: a day of a noisy network; and the text of an event list that it reads. */
export const MAX_TRIGGERS = 2000;
export const MAX_EVENTS = 500;

/** Pages that are open at once: each costs a socket, and a write for each beat. */
export const MAX_PAGES = 200;

/** Connections of a page that stands alone, those included that say nothing: they go after ten seconds. */
export const MAX_PAGE_CONNECTIONS = 2000;

/** Bytes that wait for a page to read them, at most: some seconds of everything. Who does not read is cut off. */
export const MAX_PAGE_BACKLOG = 1024 * 1024;

/** Milliseconds in which a page has to take a part of its snapshot, of 128 kB: a telephone with two bars does. */
export const PAGE_PATIENCE = 30_000;

/** Samples of a download, or of a zoom: an hour at 1000 Hz. And downloads at once. */
export const MAX_DOWNLOAD_SAMPLES = 3_600_000;
export const MAX_DOWNLOADS = 4;

/**
 * Pictures of seismograms that are waited for at once, and those of one page: they are drawn one after the other, each in a fraction of a
 * second, and those that flows ask for are not to wait long for those that browsers do.
 */
export const MAX_PICTURES = 200;
export const MAX_PAGE_PICTURES = 24;
