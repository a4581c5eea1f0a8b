/* SPDX-License-Identifier: AGPL-3.0-or-later */
/* qexit STATUS: end the virtual machine with it; vmrun has the other end. */
#include <sys/reboot.h>

#include <err.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef __x86_64__
#include <sys/io.h>

enum { PORT = 0xf4, PLUS = 32 };

static void
say(int status)
{
	if (ioperm(PORT, 4, 1) == -1)
		warn("ioperm");
	else
		outl(PLUS + (unsigned)status, PORT);
}
#else
static void
say(int status)
{
	warnx("%d: no way to say it on this machine", status);
}
#endif

int
main(int argc, char **argv)
{
	sync();
	say(argc > 1 ? atoi(argv[1]) : 0);
	reboot(RB_POWER_OFF);
	return 1;
}
