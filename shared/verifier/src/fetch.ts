/** A `fetch`, as the platform has it. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>
