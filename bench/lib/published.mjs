/** The peers' figures, each measured with the same conversations on a machine of the same class (two cores, loopback,
 * shared): best to worst of three runs. Trust ratios, not absolutes: ± 20 %. */
export const published = {
  cps: {
    kamailio: '0.25–0.32 (bare proxy)',
    drachtio: '1.45–2.8',
    asterisk: '1.7–2.0',
    freeswitch: '6.6–9',
  },
  ramp: { kamailio: '2,000–3,500 (bare proxy)', drachtio: '300–700', asterisk: '350–500', freeswitch: '125–150' },
  simring: { asterisk: '3.4–5.0' },
  pddP50: { kamailio: '0.32 (bare proxy)', asterisk: '1.09–1.19', drachtio: '1.14–1.30', freeswitch: '21–22' },
  pddP99: { kamailio: '0.44 (bare proxy)', asterisk: '1.57–3.29', drachtio: '2.28–4.07', freeswitch: '22–24' },
  rtp: { 'C, a socket a leg': '4.6–5.8', rtpengine: '7.5–13.6 (user space)', asterisk: '16–23', freeswitch: '26–34' },
  rtpP50: { rtpengine: '0.03–0.06', asterisk: '0.04–0.11', freeswitch: '0.04–29' },
  rtpP99: { rtpengine: '0.07–0.19', asterisk: '0.14–0.58', freeswitch: '0.12–39' },
  mem: { rtpengine: '29–47 (media only)', drachtio: '42–54 (no media)', asterisk: '240–308', freeswitch: '950–1,020' },
};
