import { z } from 'zod'

/** A text for people: what a list or a log shows on one line. */
export function plainText(maxLength: number) {
  return z
    .string()
    .min(1)
    .max(maxLength)
    .refine((text) => text.isWellFormed() && !/\p{Cc}/u.test(text), {
      error: 'must be valid Unicode without control characters'
    })
}
