#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Holds what other firewalls are told to the port in the code: profiles.py SOURCE_ROOT"""

import configparser
import re
import sys
import xml.etree.ElementTree as ElementTree

from tap import Tap, read

NAME = 'pi-computed'


def firewalld_faults(text, port):
    try:
        service = ElementTree.fromstring(text)
    except ElementTree.ParseError as error:
        return [f'no XML: {error}']
    faults = [] if service.tag == 'service' else [f'a {service.tag}, not a service']
    faults += [f'no {tag}' for tag in ('short', 'description')
               if not (service.findtext(tag) or '').strip()]
    ports = [(entry.get('protocol'), entry.get('port')) for entry in service.iter('port')]
    return faults + ([] if ports == [('tcp', port)] else [f'ports {ports}, not tcp {port}'])


def ufw_faults(text, port):
    profile = configparser.ConfigParser(interpolation=None)
    try:
        profile.read_string(text)
    except configparser.Error as error:
        return [f'no profile: {error}']
    if profile.sections() != [NAME]:
        return [f'profiles {profile.sections()}, not {NAME}']
    faults = [f'no {key}' for key in ('title', 'description') if not profile[NAME].get(key)]
    ports = profile[NAME].get('ports')
    return faults + ([] if ports == f'{port}/tcp' else [f'ports {ports}, not {port}/tcp'])


def ports_of_code(*texts):
    """Each of them, which all must be the same."""
    return {port for text in texts
            for port in re.findall(r'#define PI_(?:CLUSTER|REMEDY)_PORT (\d+)', text)}


def self_tests(tap):
    tap.catches('no XML', firewalld_faults('<service>', '1'))
    tap.catches('another port of firewalld', firewalld_faults(
        '<service><short>a</short><description>b</description>'
        '<port protocol="tcp" port="2"/></service>', '1'))
    tap.catches('UDP', firewalld_faults(
        '<service><short>a</short><description>b</description>'
        '<port protocol="udp" port="1"/></service>', '1'))
    tap.catches('no profile', ufw_faults('title=a\n', '1'))
    tap.catches('another profile', ufw_faults('[a]\ntitle=a\ndescription=b\nports=1/tcp\n', '1'))
    tap.catches('another port of ufw', ufw_faults(
        f'[{NAME}]\ntitle=a\ndescription=b\nports=2/tcp\n', '1'))
    tap.catches('two ports in the code', [] if len(ports_of_code(
        '#define PI_CLUSTER_PORT 1\n', '#define PI_REMEDY_PORT 2\n')) == 1 else ['two'])


def main(root):
    tap = Tap()
    self_tests(tap)
    ports = ports_of_code(read(root, 'daemon/cluster/address.h'),
                          read(root, 'ctl/firewall/remedy.h'))
    tap.result('one port in the code', [] if len(ports) == 1 else [f'found {ports}'])
    port = min(ports, default='')
    tap.result('firewalld', firewalld_faults(read(root, 'nft/firewalld.xml'), port))
    tap.result('ufw', ufw_faults(read(root, 'nft/ufw.profile'), port))
    tap.done()


main(sys.argv[1])
