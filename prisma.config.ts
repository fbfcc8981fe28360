import { defineConfig } from 'prisma/config';

/**
 * Prisma's command line. `prisma generate` needs no database; `prisma migrate deploy` takes the one of DATABASE_URL and
 * agrees with `moql migrate` about what was applied.
 */
export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
  ...(process.env['DATABASE_URL'] ? { datasource: { url: process.env['DATABASE_URL'] } } : {}),
});
