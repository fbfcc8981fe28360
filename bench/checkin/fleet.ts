/** The devices that check in, and the account that they share. */

/** Identifier of the first; the others count up. */
export const DEVICE = 'IMEI:490154203237518';
export const DEVICES = Number(process.env['BENCH_DEVICES'] ?? 200);
/** As many when time is short: most of a quick run would be their first contact. */
export const QUICK_DEVICES = 64;
/** Connections, and so sessions at the same time. */
export const CONNECTIONS = 16;
export const LOGIN = { user: 'bench', secret: 'correct-horse-battery' } as const;
export const SERVER = { user: 'dm.example', secret: 'staple-of-the-server' } as const;
export const ADMIN_KEY = 'bench-key-0123456789abcdef0123456789abcdef';
export const SECRET_KEY = 'bench-secret-0123456789abcdef0123456789ab';
