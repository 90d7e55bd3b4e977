/** The site's files, which the export writes into offline.js. */
declare const SITE: { version: string; files: Record<string, string> };
