/** A port that is free on UDP and TCP of 127.0.0.1, and that no other test is given. */
export declare function freePort(): Promise<number>;
/** The range of media ports of this test process's servers. */
export declare function mediaPorts(): Promise<string>;
/** A range of its own for a server with media of another make. */
export declare function otherMediaPorts(): Promise<readonly [low: number, high: number]>;
