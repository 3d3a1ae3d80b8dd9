"""A sample of every command's output: those of document 12808 as printed there, the others as routers print them."""

from __future__ import annotations

CACHE = """\
Router#show ip cache
IP routing cache 2 entries, 332 bytes
   27 adds, 25 invalidates, 0 refcounts
Cache aged by 1/25 every 60 seconds (1/5 when memory is low).
Minimum invalidation interval 2 seconds, maximum interval 5 seconds,
   quiet interval 3 seconds, threshold 0 requests
Invalidation rate 0 in last second, 0 in last 3 seconds
Last full cache invalidation occurred 03:55:12 ago

Prefix/Length           Age       Interface       Next Hop
4.4.4.1/32              03:44:53  Serial1         4.4.4.1
192.168.9.0/24          00:03:15  Ethernet1       20.4.4.1
"""
CACHE_VERBOSE = """\
Router#show ip cache verbose
IP routing cache 2 entries, 332 bytes
   27 adds, 25 invalidates, 0 refcounts
Cache aged by 1/25 every 60 seconds (1/5 when memory is low).
Minimum invalidation interval 2 seconds, maximum interval 5 seconds,
   quiet interval 3 seconds, threshold 0 requests
Invalidation rate 0 in last second, 0 in last 3 seconds
Last full cache invalidation occurred 03:57:31 agoPrefix/Length Age Interface Next Hop
4.4.4.1/32-24           03:47:13  Serial1         4.4.4.1
                        4 0F000800
192.168.9.0/24-0        00:05:35  Ethernet1       20.4.4.1
                        14 00000C34A7FC00000C13DBA90800
"""
CEF = """\
Router<show ip cef summary
IP CEF with switching (Table Version 2620746)
  109212 routes, 0 reresolve, 0 unresolved (0 old, 0 new), peak 84625
  109212 leaves, 8000 nodes, 22299136 bytes, 2620745 inserts, 2511533 invalidations
  17 load sharing elements, 5712 bytes, 109202 references
  universal per-destination load sharing algorithm, id 6886D006
  1 CEF resets, 1 revisions of existing leaves
  1 in-place/0 aborted modifications
  Resolution Timer: Exponential (currently 1s, peak 16s)
  refcounts:  2258679 leaf, 2048256 node

Adjacency Table has 16 adjacencies
"""
MEMORY_CEF = """\
Router>show processes memory | include CEF
 PID TTY  Allocated      Freed    Holding    Getbufs    Retbufs Process
  73   0     147300       1700     146708          0          0 CEF process
  84   0        608          0       7404          0          0 CEF Scanner
"""
MEMORY_BGP = """\
Router>show processes memory | include BGP
  87   0 2969013892  102734200  338145696          0          0 BGP Router
  88   0   56693560 2517286276       7440     131160    4954624 BGP I/O
"""
SUMMARY_FIB = """\
Router>show memory summary | include FIB
Alloc PC        Size     Blocks      Bytes    What
0x60B8821C        448          7       3136    FIB: FIBIDB
0x60B88610      12000          1      12000    FIB: HWIDB MAP TABLE
0x60B88780        472          6       2832    FIB: FIBHWIDB
0x60B88780        508          1        508    FIB: FIBHWIDB
0x60B8CF9C       1904          1       1904    FIB 1 path chunk pool
0x60B8CF9C      65540          1      65540    FIB 1 path chunk pool
0x60BAC004       1904        252     479808    FIB 1 path chun
0x60BAC004      65540        252   16516080    FIB 1 path chun
"""
LOGGING = """\
Router#show logging
Syslog logging: enabled (0 messages dropped, 12 flushes, 0 overruns)
    Console logging: level debugging, 9 messages logged
    Monitor logging: level debugging, 0 messages logged
    Buffer logging: level debugging, 2 messages logged

Log Buffer (4096 bytes):
00:12:41: %SYS-2-MALLOCFAIL: Memory allocation of 1028 bytes failed from 0x6015EC84, pool Processor, alignment 0
-Process= "IP Input", ipl= 0, pid= 27
-Traceback= 6015F1A0 6016024C 6015EC8C
"""

SAMPLES: dict[str, str] = {
    "show ip cache": CACHE,
    "show ip cef summary": CEF,
    "show processes memory": MEMORY_CEF,
    "show memory summary": SUMMARY_FIB,
    "show logging": LOGGING,
    "show clock": "R1#show clock\n*14:30:05.112 UTC Thu Jul 19 2001\n",
    "show version": "R1#sh ver\nIOS (tm) RSP Software (RSP-JSV-M), Version 12.0(7)T, RELEASE SOFTWARE (fc1)\n"
    "R1 uptime is 1 day, 2 hours\nSystem returned to ROM by reload\n",
    "show processes cpu": "R1#sh proc c\nCPU utilization for five seconds: 4%/1%; one minute: 6%; five minutes: 5%\n"
    "   9       71196    328952        216  0.00%  0.00%  0.00%   0 ARP Input\n",
    "show adjacency summary": "R1#show adj sum\nAdjacency Table has "
    "2150 "
    "adjacencies\n  Table "
    "epoch: 0 (2150 "
    "entries at this epoch)\n\n"
    "  Interface                 Adjacency Count\n  Vlan3                     2140\n  Serial0/0                 10\n",
    "show ip arp": "R1#sh ip arp\nProtocol  Address          Age (min)  Hardware Addr   Type   Interface\n"
    "Internet  10.0.0.1                -   0000.0c59.f892  ARPA   Ethernet0\n"
    "Internet  10.0.0.9                0   Incomplete      ARPA\n",
    "show ip nat translations": "R1#sh ip nat st\nTotal active "
    "translations: "
    "21433 (2 static, "
    "21431 dynamic; "
    "21400 extended)\n"
    "Outside interfaces:\n  "
    "Serial0\nInside "
    "interfaces:\n  "
    "Ethernet0\nHits: 130533  Misses: "
    "2001\nExpired translations: 55000\n"
    "Dynamic mappings:\n",
    "show align": "R1#show align\nTotal Corrections 9, Recorded 3, Reads 9, Writes 0\n"
    "No spurious memory references have been recorded.\n",
    "show debugging": "R1#sh debug\nGeneric IP:\n  IP packet debugging is on\n",
    "show ip interface": "R1#sh ip int\nVlan3 is up, line protocol is up\n  Internet address is 20.4.4.2/24\n"
    "  Directed broadcast forwarding is enabled\n  Proxy ARP is enabled\n  Outgoing access list is not set\n"
    "  Inbound  access list is 105\n  IP fast switching is enabled\n  IP CEF switching is disabled\n",
    "show interfaces": "R1#sh int\nSerial0/0 is up, line "
    "protocol "
    "is up\n  "
    "Hardware is M4T\n  "
    "Internet address is 192.0.2.1/30\n"
    "  MTU 1500 bytes, BW 1544 Kbit, DLY 20000 usec,\n  Encapsulation HDLC, loopback not set\n"
    "  Input queue: 5/75/812/0 (size/max/drops/flushes); Total output drops: 7\n"
    "  5 minute input rate 1200000 bits/sec, 2400 packets/sec\n  5 minute output rate 9000 bits/sec, 12 packets/sec\n",
    "show interfaces switching": "R1#sh int stats\nFastEthernet0/0\n"
    "          Switching path    Pkts In   Chars In   Pkts Out  Chars Out\n"
    "               Processor    9812231  588733860      60213    6021300\n"
    "             Route cache     112233   11223300     998877   99887700\n"
    "                   Total    9924464  599957160    1059090  105909000\n",
    "show ip traffic": "R1#sh ip traffic\nIP statistics:\n  Rcvd:  98731 total, 412 local destination\n"
    "  Sent:  551 generated, 88812 forwarded\n  Drop:  9121 encapsulation failed, 0 unresolved, 0 no adjacency\n"
    "         33 no route, 0 unicast RPF, 0 "
    "forced "
    "drop\n\nARP "
    "statistics:\n  Rcvd: 77 "
    "requests, 9012 replies, 0 reverse, 0 other\n"
    "  Sent: 99811 requests, 12 replies (3 proxy), 0 reverse\n",
    "show buffers": "R1#sh buffers\nBuffer elements:\n     "
    "499 in "
    "free list "
    "(500 max allowed)\n "
    "    73 hits, 0 misses, 0 created\n\n"
    "Public buffer pools:\nSmall buffers, 104 "
    "bytes (total "
    "50, permanent "
    "50):\n     48 in free "
    "list (20 min, 150 max allowed)\n"
    "     8812 hits, 91 misses, 3 trims, 3 created\n     12 failures (4 no memory)\n",
    "show ip route summary": "R1#sh ip route sum\nRoute Source    Networks    Subnets     Overhead    Memory (bytes)\n"
    "connected       0           4           256         576\nstatic          1           0           64          144\n"
    "Total           1           4           320         720\n",
    "show access-lists": "R1#sh access-lists\nExtended IP "
    "access list "
    "105\n    "
    "10 deny tcp any "
    "any eq www log (8812 matches)\n"
    "    20 permit ip any any (12 matches)\n",
    "show ip http server": "R1#sh ip http server all\nHTTP server status: Enabled\nHTTP server port: 80\n"
    "HTTP server access class: None\n",
    "show ip cache flow": "R1#sh ip cache flow\nIP Flow "
    "Switching "
    "Cache, 278544 "
    "bytes\n  3633 "
    "active, 463 inactive, 91223 added\n"
    "  1829301 ager polls, 12 flow alloc failures\n",
    "show ip accounting": "R1#sh ip accounting\n   Source      "
    "     "
    "Destination "
    "             "
    "Packets               Bytes\n"
    " 20.1.145.49      75.246.253.88                   2                  96\n\n"
    "Accounting threshold exceeded for 812 packets and 38976 bytes\n",
    "show platform hardware qfp active datapath utilization": "R1#sh pl ha q a d u\n  CPP 0: "
    "Subdev 0       5 "
    "secs  1 min  5 min  60 min\n"
    "Input:  Total (pps)     1200231  1190000 "
    " 900000 "
    " 100000\n   "
    "     (bps)  1 1 1 "
    "1\nProcessing: Load (pct)  97  96  80  12\n",
    "conntrack": "root@gw:~# conntrack -S\ncpu=0   found=12 "
    "invalid=3 insert=0 "
    "insert_failed=44 "
    "drop=44 "
    "early_drop=9001 error=0 search_restart=2\n"
    "root@gw:~# sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max\n"
    "net.netfilter.nf_conntrack_count = 262144\nnet.netfilter.nf_conntrack_max = 262144\n",
    "show conn count": "fw# show conn count\n54022 in use, 88321 most used\n",
    "show running-config": "R1#sh run\nversion "
    "12.0\nhostname "
    "R1\n!\ninterface Vlan3\n ip "
    "address 20.4.4.2 "
    "255.255.255.0\n!\n"
    "ip route 0.0.0.0 0.0.0.0 Vlan3\nsnmp-server community hideme RO\nend\n",
}
