import { z } from 'zod'
import { displayNameRule, parseDisplayName } from '../accounts/display-names.ts'

/** A display name as it is sent. */
export const displayName = z
  .string()
  .max(256)
  .refine((text) => parseDisplayName(text) !== undefined, { error: `must be ${displayNameRule}` })
  .meta({ examples: ['Alice Adams'] })
