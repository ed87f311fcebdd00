/** Which microphone and which loudspeaker. Their names are known once the microphone was allowed. */
import { NativeSelect } from '@mantine/core';
import { useEffect, useState } from 'react';
import { insecure } from './microphone.ts';
import type { Phone } from './phone.ts';

const usual = { value: '', label: 'As the system says' };

function optionsOf(devices: readonly MediaDeviceInfo[], kind: MediaDeviceKind) {
  const known = devices.filter((each) => each.kind === kind && each.deviceId !== '' && each.deviceId !== 'default');
  return [usual, ...known.map(({ deviceId: value, label }, n) => ({ value, label: label || `Device ${n + 1}` }))];
}

/** `talking`: a call began, so that names may be known now that were not before. */
export function Devices({ phone, talking }: { readonly phone: Phone; readonly talking: boolean }) {
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  const [input, setInput] = useState('');
  const [output, setOutput] = useState('');
  const why = insecure();
  useEffect(() => {
    if (insecure() !== undefined) return undefined;
    const { mediaDevices } = navigator;
    const look = () => void mediaDevices.enumerateDevices().then(setDevices, () => setDevices([]));
    look();
    mediaDevices.addEventListener('devicechange', look);
    return () => mediaDevices.removeEventListener('devicechange', look);
  }, [talking]);
  if (why !== undefined) return <p className="note warn">{why}</p>;
  return (
    <details className="phone-devices">
      <summary>Microphone and loudspeaker</summary>
      <div className="stack">
        <NativeSelect
          label="Microphone"
          data={optionsOf(devices, 'audioinput')}
          value={input}
          onChange={({ currentTarget: { value } }) => {
            setInput(value);
            void phone.useInput(value);
          }}
        />
        {'setSinkId' in HTMLMediaElement.prototype ? (
          <NativeSelect
            label="Loudspeaker"
            data={optionsOf(devices, 'audiooutput')}
            value={output}
            onChange={({ currentTarget: { value } }) => {
              setOutput(value);
              void phone.useOutput(value);
            }}
          />
        ) : null}
      </div>
    </details>
  );
}
