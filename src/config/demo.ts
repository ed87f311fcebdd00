/** What `npm start` serves without a file: two users on loopback who can call each other; nothing is kept. */
export const demo = `
store: { url: "memory:" }
accounts:
  - name: demo
    device_calling_application: main
    clients:
      - { username: alice, password: alice-demo }
      - { username: bob, password: bob-demo }
    applications:
      - name: main
        app_json:
          - verb: dial
            answerOnBridge: true
            target: [{ type: user, name: bob }]
`;
