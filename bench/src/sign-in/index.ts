import type { Setting, Suite } from '../suite.ts'
import { floodSetting, measureFlood } from './flood.ts'
import { connections, measureRate } from './rate.ts'
import { startSignInService } from './sign-in-service.ts'

const refreshSessions = 16

/** Sign-ins per second against bare argon2id, and what a flood of them does to everything else. */
export const signIns: Suite = {
  name: 'sign-in',
  summary: `sign-ins per second over ${connections} connections, against argon2id alone; their p99 at a fixed rate; and the p99 of refresh and JWKS while sign-ins flood`,
  async run(context) {
    const service = await startSignInService(context, refreshSessions)
    try {
      const rate = await measureRate(context, service)
      const { measurements, profile } = await measureFlood(context, service)
      const flood: Setting = { contestant: 'the flood', versions: {}, options: floodSetting }
      return {
        measurements: [...rate.measurements, ...measurements],
        settings: [service.setting, rate.bareSetting, flood],
        profiles: [profile]
      }
    } finally {
      await service.stop()
    }
  }
}
