// SPDX-License-Identifier: GPL-2.0-only
/// Only the driver core sets the driver of a struct device. Who sets it by hand
/// and calls device_bind_driver() does without the probe function, without
/// managed resources and, mostly, without the device lock; bind by
/// device_driver_attach(). Who sets it before the device is added gets it bound
/// without a probe.
///
// Confidence: Moderate
// Options: --no-includes
//
// Keywords: device_bind_driver, device_add, device_register, dev->driver
// See: Documentation/driver-api/driver-model/driver-set-by-hand.rst
//
// Setting and adding must be in the same function, or the device statically
// initialised. The drivers of other structures that are called "driver" do not
// matter: what counts is that the same object is added as a device.

virtual org
virtual report

// (a) a driver set by hand, then device_bind_driver(). The driver core is the
// one that may.

@bind exists@
expression D;
expression E != NULL;
position s, p;
@@
(
 D->driver@s = E;
|
 D.driver@s = E;
)
 ... when any
(
 device_bind_driver@p(D)
|
 device_bind_driver@p(&D)
)

// Nothing sets it here: then somebody else has, by hand.

@bind_alone@
position p != bind.p;
@@
 device_bind_driver@p(...)

// (b) a driver set by hand before the device is added

@add exists@
expression D;
expression E != NULL;
position s;
identifier f =~ "^device_(add|register)$";
@@
(
 D->driver@s = E;
 ... when any
 f(D)
|
 D.driver@s = E;
 ... when any
 f(&D)
)

@add_platform exists@
expression D;
expression E != NULL;
position s;
identifier f =~ "^platform_device_(add|register)$";
@@
(
 D->dev.driver@s = E;
 ... when any
 f(D)
|
 D.dev.driver@s = E;
 ... when any
 f(&D)
)

// One that is copied when its device is made.

@init@
identifier D;
expression E != NULL;
position s;
@@
 struct device D = {
	.driver@s = E,
 };

@init_platform@
identifier D;
expression E != NULL;
position s;
@@
 struct platform_device D = {
	.dev = {
		.driver@s = E,
	},
 };

@script:python depends on org@
p << bind.p;
@@
if not p[0].file.endswith("drivers/base/dd.c"):
    cocci.print_main("driver set by hand before device_bind_driver()", p)

@script:python depends on org@
p << bind_alone.p;
@@
if not p[0].file.endswith("drivers/base/dd.c"):
    cocci.print_main("device_bind_driver() of a driver set by hand", p)

@script:python depends on org@
s << add.s;
@@
cocci.print_main("driver set by hand before the device is added", s)

@script:python depends on org@
s << add_platform.s;
@@
cocci.print_main("driver set by hand before the device is added", s)

@script:python depends on org@
s << init.s;
@@
cocci.print_main("device with a driver set by hand", s)

@script:python depends on org@
s << init_platform.s;
@@
cocci.print_main("device with a driver set by hand", s)

@script:python depends on report@
p << bind.p;
@@
if not p[0].file.endswith("drivers/base/dd.c"):
    coccilib.report.print_report(p[0], "WARNING: driver set by hand before device_bind_driver(), use device_driver_attach()")

@script:python depends on report@
p << bind_alone.p;
@@
if not p[0].file.endswith("drivers/base/dd.c"):
    coccilib.report.print_report(p[0], "WARNING: device_bind_driver() of a driver set by hand, use device_driver_attach()")

@script:python depends on report@
s << add.s;
@@
coccilib.report.print_report(s[0], "WARNING: driver set by hand before the device is added, its probe is not called")

@script:python depends on report@
s << add_platform.s;
@@
coccilib.report.print_report(s[0], "WARNING: driver set by hand before the device is added, its probe is not called")

@script:python depends on report@
s << init.s;
@@
coccilib.report.print_report(s[0], "WARNING: device with a driver set by hand, its probe is not called")

@script:python depends on report@
s << init_platform.s;
@@
coccilib.report.print_report(s[0], "WARNING: device with a driver set by hand, its probe is not called")
