// SPDX-License-Identifier: GPL-2.0
/*
 * The UARTs of mtty: bytes through the loopback, and interrupts that arrive at
 * eventfds.
 */
#include <fcntl.h>
#include <linux/serial_reg.h>
#include <poll.h>
#include <sys/eventfd.h>

#include "../kselftest_harness.h"
#include "vfio-mdev.h"

#define FIFO_SIZE	16

FIXTURE(mtty)
{
	char uuid[UUID_LEN + 1];
	struct vfio_mdev v;
	__u64 port[2];
};

static void reset_port(const struct vfio_mdev *v, __u64 port)
{
	vfio_write8(v, port + UART_IER, 0);
	vfio_write8(v, port + UART_LCR, UART_LCR_WLEN8);
	vfio_write8(v, port + UART_FCR, UART_FCR_ENABLE_FIFO |
		    UART_FCR_CLEAR_RCVR | UART_FCR_CLEAR_XMIT);
	vfio_write8(v, port + UART_MCR, UART_MCR_LOOP);
}

FIXTURE_SETUP(mtty)
{
	struct vfio_region_info info;
	int i;

	ASSERT_LT(0, sample_load(&sample_mtty));
	make_uuid(self->uuid, 1);
	ASSERT_EQ(0, mdev_create(&sample_mtty, "mtty-2", self->uuid));
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	for (i = 0; i < 2; i++) {
		ASSERT_EQ(0, vfio_region(&self->v, i, &info));
		ASSERT_EQ(8, info.size);
		self->port[i] = info.offset;
		reset_port(&self->v, info.offset);
	}
}

FIXTURE_TEARDOWN(mtty)
{
	vfio_close(&self->v);
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, sample_unload(&sample_mtty));
}

/* As many bytes as the FIFO holds come back, in their order, on their port. */
TEST_F(mtty, loopback)
{
	struct vfio_mdev *v = &self->v;
	int port, i;

	for (port = 0; port < 2; port++)
		for (i = 0; i < FIFO_SIZE; i++)
			ASSERT_EQ(1, vfio_write8(v, self->port[port] + UART_TX,
						 port * 64 + i));
	for (port = 0; port < 2; port++) {
		for (i = 0; i < FIFO_SIZE; i++) {
			EXPECT_TRUE(vfio_read8(v, self->port[port] + UART_LSR) &
				    UART_LSR_DR);
			EXPECT_EQ(port * 64 + i,
				  vfio_read8(v, self->port[port] + UART_RX));
		}
		EXPECT_FALSE(vfio_read8(v, self->port[port] + UART_LSR) &
			     UART_LSR_DR);
	}
}

/* One byte more is an overrun, and spoils none of those before it. */
TEST_F(mtty, overrun)
{
	struct vfio_mdev *v = &self->v;
	__u64 port = self->port[0];
	int i;

	for (i = 0; i < FIFO_SIZE; i++)
		vfio_write8(v, port + UART_TX, i);
	EXPECT_FALSE(vfio_read8(v, port + UART_LSR) & UART_LSR_OE);
	vfio_write8(v, port + UART_TX, 0xff);
	EXPECT_TRUE(vfio_read8(v, port + UART_LSR) & UART_LSR_OE);
	for (i = 0; i < FIFO_SIZE; i++)
		EXPECT_EQ(i, vfio_read8(v, port + UART_RX));
}

/* The registers that keep what was written, and the divisor behind DLAB. */
TEST_F(mtty, registers)
{
	struct vfio_mdev *v = &self->v;
	__u64 port = self->port[1];

	vfio_write8(v, port + UART_SCR, 0xa5);
	EXPECT_EQ(0xa5, vfio_read8(v, port + UART_SCR));
	vfio_write8(v, port + UART_LCR, UART_LCR_DLAB);
	vfio_write8(v, port + UART_DLL, 0x12);
	vfio_write8(v, port + UART_DLM, 0x34);
	EXPECT_EQ(0x12, vfio_read8(v, port + UART_DLL));
	EXPECT_EQ(0x34, vfio_read8(v, port + UART_DLM));
	vfio_write8(v, port + UART_LCR, UART_LCR_WLEN8);
	EXPECT_EQ(UART_LCR_WLEN8, vfio_read8(v, port + UART_LCR));
	EXPECT_EQ(UART_IIR_NO_INT, vfio_read8(v, port + UART_IIR) & 0x3f);
}

/* A wide read tells each register, not what lay on a kernel stack. */
TEST_F(mtty, wide_read)
{
	struct vfio_mdev *v = &self->v;
	__u64 port = self->port[0];
	__u8 byte[4], wide[4];
	int i;

	vfio_write8(v, port + UART_SCR, 0x5a);
	for (i = 0; i < 4; i++)
		byte[i] = vfio_read8(v, port + UART_MCR + i);
	memset(wide, 0xee, sizeof(wide));
	ASSERT_EQ(4, vfio_read(v, port + UART_MCR, wide, sizeof(wide)));
	for (i = 0; i < 4; i++)
		EXPECT_EQ(byte[i], wide[i]);
}

static int set_irq(const struct vfio_mdev *v, unsigned int index, int fd)
{
	union {
		struct vfio_irq_set set;
		char room[sizeof(struct vfio_irq_set) + sizeof(int)];
	} u = {
		.set.argsz = sizeof(u),
		.set.flags = VFIO_IRQ_SET_DATA_EVENTFD |
			     VFIO_IRQ_SET_ACTION_TRIGGER,
		.set.index = index,
		.set.count = 1,
	};

	memcpy(u.set.data, &fd, sizeof(fd));
	return vfio_ioctl(v, VFIO_DEVICE_SET_IRQS, &u);
}

static int disable_irq(const struct vfio_mdev *v, unsigned int index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER,
		.index = index,
	};

	return vfio_ioctl(v, VFIO_DEVICE_SET_IRQS, &set);
}

/* How often the interrupt came since the last call. */
static __u64 interrupts(int fd)
{
	__u64 count = 0;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

/* An eventfd has the lowest free ID, until its last reference is gone. */
static int eventfd_id(int fd)
{
	char text[256], *id;

	if (load(text, sizeof(text), "/proc/self/fdinfo/%d", fd) < 0)
		return -1;
	id = strstr(text, "eventfd-id:");
	return id ? atoi(id + strlen("eventfd-id:")) : -1;
}

static int next_eventfd_id(void)
{
	int fd = eventfd(0, EFD_NONBLOCK);
	int id = eventfd_id(fd);

	close(fd);
	return id;
}

static void send_byte(const struct vfio_mdev *v, __u64 port)
{
	vfio_write8(v, port + UART_TX, 'x');
	vfio_read8(v, port + UART_RX);
}

FIXTURE(mtty_irq)
{
	char uuid[UUID_LEN + 1];
	struct vfio_mdev v;
	__u64 port;
	int first_id;
};

FIXTURE_VARIANT(mtty_irq)
{
	unsigned int index;
};

FIXTURE_VARIANT_ADD(mtty_irq, intx)
{
	.index = VFIO_PCI_INTX_IRQ_INDEX,
};

FIXTURE_VARIANT_ADD(mtty_irq, msi)
{
	.index = VFIO_PCI_MSI_IRQ_INDEX,
};

FIXTURE_SETUP(mtty_irq)
{
	struct vfio_device_info dev = { .argsz = sizeof(dev) };
	struct vfio_region_info info;

	ASSERT_LT(0, sample_load(&sample_mtty));
	make_uuid(self->uuid, 1);
	ASSERT_EQ(0, mdev_create(&sample_mtty, "mtty-1", self->uuid));
	ASSERT_EQ(0, vfio_open(&self->v, self->uuid));
	ASSERT_EQ(0, vfio_ioctl(&self->v, VFIO_DEVICE_GET_INFO, &dev));
	ASSERT_EQ(0, vfio_region(&self->v, 0, &info));
	self->port = info.offset;
	reset_port(&self->v, self->port);
	self->first_id = next_eventfd_id();
	ASSERT_LE(0, self->first_id);
}

FIXTURE_TEARDOWN(mtty_irq)
{
	vfio_close(&self->v);
	/* Whatever a test set up, the device has let go of it. */
	EXPECT_EQ(self->first_id, next_eventfd_id());
	EXPECT_EQ(0, mdev_remove(self->uuid));
	EXPECT_EQ(0, sample_unload(&sample_mtty));
}

/* Each received byte is an interrupt, until the eventfd is taken away. */
TEST_F(mtty_irq, arrives)
{
	struct vfio_mdev *v = &self->v;
	int fd = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, set_irq(v, variant->index, fd));
	send_byte(v, self->port);
	EXPECT_EQ(0, interrupts(fd));

	vfio_write8(v, self->port + UART_IER, UART_IER_RDI);
	send_byte(v, self->port);
	EXPECT_EQ(1, interrupts(fd));
	send_byte(v, self->port);
	send_byte(v, self->port);
	EXPECT_EQ(2, interrupts(fd));

	EXPECT_EQ(0, disable_irq(v, variant->index));
	send_byte(v, self->port);
	EXPECT_EQ(0, interrupts(fd));
	close(fd);
}

/* The other causes: transmitter empty, overrun, modem control. */
TEST_F(mtty_irq, causes)
{
	struct vfio_mdev *v = &self->v;
	int fd = eventfd(0, EFD_NONBLOCK);
	int i;

	ASSERT_EQ(0, set_irq(v, variant->index, fd));
	vfio_write8(v, self->port + UART_IER, UART_IER_THRI);
	EXPECT_LT(0, interrupts(fd));

	vfio_write8(v, self->port + UART_IER, UART_IER_RLSI);
	for (i = 0; i < FIFO_SIZE; i++)
		vfio_write8(v, self->port + UART_TX, i);
	EXPECT_EQ(0, interrupts(fd));
	vfio_write8(v, self->port + UART_TX, i);
	EXPECT_EQ(1, interrupts(fd));

	vfio_write8(v, self->port + UART_IER, UART_IER_MSI);
	vfio_write8(v, self->port + UART_MCR, UART_MCR_RTS | UART_MCR_DTR);
	EXPECT_LT(0, interrupts(fd));
	close(fd);
}

/* A second eventfd takes the place of the first, which is let go. */
TEST_F(mtty_irq, replaced)
{
	struct vfio_mdev *v = &self->v;
	int first = eventfd(0, EFD_NONBLOCK);
	int second = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, set_irq(v, variant->index, first));
	ASSERT_EQ(0, set_irq(v, variant->index, second));
	vfio_write8(v, self->port + UART_IER, UART_IER_RDI);
	send_byte(v, self->port);
	EXPECT_EQ(0, interrupts(first));
	EXPECT_EQ(1, interrupts(second));
	close(first);
	EXPECT_EQ(self->first_id, next_eventfd_id());
	close(second);
}

/* Taken away, or taken away twice, the eventfd is let go once. */
TEST_F(mtty_irq, disabled_twice)
{
	struct vfio_mdev *v = &self->v;
	int fd = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, set_irq(v, variant->index, fd));
	EXPECT_EQ(0, disable_irq(v, variant->index));
	EXPECT_EQ(0, disable_irq(v, variant->index));
	send_byte(v, self->port);
	EXPECT_EQ(0, interrupts(fd));
	close(fd);
	EXPECT_EQ(self->first_id, next_eventfd_id());

	/* and the interrupt can be had again */
	fd = eventfd(0, EFD_NONBLOCK);
	ASSERT_EQ(0, set_irq(v, variant->index, fd));
	vfio_write8(v, self->port + UART_IER, UART_IER_RDI);
	send_byte(v, self->port);
	EXPECT_EQ(1, interrupts(fd));
	close(fd);
}

/* -1 in the place of an eventfd takes away the one that is there. */
TEST_F(mtty_irq, deassigned)
{
	struct vfio_mdev *v = &self->v;
	int fd = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, set_irq(v, variant->index, fd));
	EXPECT_EQ(0, set_irq(v, variant->index, -1));
	vfio_write8(v, self->port + UART_IER, UART_IER_RDI);
	send_byte(v, self->port);
	EXPECT_EQ(0, interrupts(fd));
	close(fd);
	EXPECT_EQ(self->first_id, next_eventfd_id());
}

/* A descriptor that is no eventfd is refused, and what was set up stays. */
TEST_F(mtty_irq, no_eventfd)
{
	struct vfio_mdev *v = &self->v;
	int fd = eventfd(0, EFD_NONBLOCK);
	int null = open("/dev/null", O_RDWR);

	ASSERT_LE(0, null);
	ASSERT_EQ(0, set_irq(v, variant->index, fd));
	EXPECT_EQ(-EINVAL, set_irq(v, variant->index, null));
	EXPECT_EQ(-EBADF, set_irq(v, variant->index, 1000));
	vfio_write8(v, self->port + UART_IER, UART_IER_RDI);
	send_byte(v, self->port);
	EXPECT_EQ(1, interrupts(fd));
	close(null);
	close(fd);
}

/* Closed by the client, the eventfd belongs to the device until its release. */
TEST_F(mtty_irq, client_closes_first)
{
	struct vfio_mdev *v = &self->v;
	int fd = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, set_irq(v, variant->index, fd));
	close(fd);
	vfio_write8(v, self->port + UART_IER, UART_IER_RDI);
	send_byte(v, self->port);
	EXPECT_TRUE(vfio_answers(v, &sample_mtty));
}

/* Another client finds no eventfd of the one before. */
TEST_F(mtty_irq, next_client)
{
	struct vfio_mdev *v = &self->v;
	int fd = eventfd(0, EFD_NONBLOCK);

	ASSERT_EQ(0, set_irq(v, variant->index, fd));
	vfio_write8(v, self->port + UART_IER, UART_IER_RDI);
	vfio_close(v);
	ASSERT_EQ(0, vfio_open(v, self->uuid));
	send_byte(v, self->port);
	EXPECT_EQ(0, interrupts(fd));
	close(fd);
}

TEST_HARNESS_MAIN
