/** What `npm start` serves without a file: two people on loopback who can call each other and the echo, from the portal or by
 * any SIP phone; nothing is kept. `app`: where the demo's application is (demo/echo.ts). */
export function demo(app = 'http://127.0.0.1:3001'): string {
  return `
sip: { listen: ["udp://127.0.0.1:5060", "tcp://127.0.0.1:5060", "ws://127.0.0.1:5066"] }
store: { url: "memory:" }
accounts:
  - name: demo
    device_calling_application: main
    clients:
      - { username: alice, password: alice-demo }
      - { username: bob, password: bob-demo }
    users:
      - { name: Alice, email: alice@demo.test, password: alice-demo-web }
      - { name: Bob, email: bob@demo.test, password: bob-demo-web }
    applications:
      - { name: main, call_hook: "${app}/call" }
`;
}
