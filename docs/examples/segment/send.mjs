// Sends events to Leadgate through the Node library of the tracking specification. Set LEADGATE_URL and LEADGATE_APP_KEY.
import { Analytics } from '@segment/analytics-node'

const analytics = new Analytics({
  host: process.env.LEADGATE_URL,
  writeKey: process.env.LEADGATE_APP_KEY,
  flushAt: 20,
})
analytics.on('error', (error) => {
  console.error('not sent:', error.code, error.reason ?? '')
  process.exitCode = 1
})
analytics.on('http_response', ({ status, url }) => console.log('node:', status, url))

const userId = 'node-7'
analytics.identify({ userId, traits: { email: 'ada@example.com', firstName: 'Ada', plan: 'Free' } })
analytics.group({ userId, groupId: 'acme', traits: { name: 'Acme', website: 'https://acme.example.com' } })
analytics.track({ userId, event: 'Trial Started', properties: { plan: 'Pro' } })
analytics.page({ userId, name: 'Pricing' })
analytics.screen({ userId, name: 'Home' })
analytics.alias({ previousId: userId, userId: 'node-8' })
analytics.track({ userId: 'node-8', event: 'Trial Extended', timestamp: new Date(Date.now() - 3_600_000) })
await analytics.closeAndFlush({ timeout: 10_000 })
